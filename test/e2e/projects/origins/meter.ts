import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { call, defineInterface, Driver, type Implementation } from 'vitest-hardware'
import { z } from 'zod'

export const Metering = defineInterface({
  client: 'test.MeterClient',
  methods: {
    measure: call<() => number>(),
    current: call<() => number>(),
    temperature: call({ result: z.number() }),
    calibrate: call<() => void>(),
    settle: call<() => void>(),
    die: call<() => void>(),
  },
})

/** A meter with every fault that one can have. */
export class Meter extends Driver implements Implementation<typeof Metering> {
  static readonly interface = Metering

  /** Asks a service of the lab that is down. */
  async measure() {
    const response = await fetch(`http://127.0.0.1:${await closedPort()}/volts`)
    return Number(await response.text())
  }

  /** Amperes. */
  current() {
    return 2.4
  }

  temperature() {
    return 'warm' as unknown as number
  }

  calibrate() {
    const missing = undefined as unknown as { offset: number }
    missing.offset = 1
  }

  async settle() {
    await delay(60_000)
  }

  /** Kills the exporter soon. */
  die() {
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 50)
  }
}

/** @returns a port at which nobody listens */
function closedPort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
