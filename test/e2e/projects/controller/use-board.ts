import { writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { ClientsOf, HardwareError } from 'vitest-hardware'
import { PowerClient, SerialClient } from 'vitest-hardware/clients'

/** The drivers of the exporters of the lab. */
export const drivers = { power: PowerClient, console: SerialClient }

/** Uses a board for some milliseconds. The files `begun` and `failure.json` show that the use has begun, and how it failed. */
export async function useBoard({ power, console }: ClientsOf<typeof drivers>, ms: number): Promise<void> {
  try {
    for (let n = 0, begin = Date.now(); Date.now() - begin < ms; n++) {
      await power.on()
      await console.sendLine(`line ${n}`)
      await console.expect(`line ${n}\r`)
      writeFileSync('begun', '')
      await delay(50)
    }
  } catch (error) {
    const { code, origin } = error as HardwareError
    writeFileSync('failure.json', JSON.stringify({ code, origin }))
    throw error
  }
}
