import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'

import { SerialClient } from '../../src/clients/drivers/serial-client.ts'
import { PySerial } from '../../src/drivers/serial/py-serial.ts'
import { serve } from '../../src/serve.ts'
import { outsideOfGuest } from './support/in-guest.ts'

/** The second serial port, a 16550A. QEMU keeps CTS, DSR and CD active. */
const device = '/dev/ttyS1'

/** The active lines, as the kernel tells them. It does not show those of a port that nobody has open. */
async function activeLines(): Promise<readonly string[]> {
  const table = await readFile('/proc/tty/driver/serial', 'utf8')
  const [, lines = ''] = /^1: .* (?<lines>\S+)$/m.exec(table) ?? []
  return lines.split('|').toSorted()
}

const inputs = ['CD', 'CTS', 'DSR']

describe.skipIf(outsideOfGuest() !== undefined)('the lines of a UART', () => {
  test('are set and read', async () => {
    await using serial = await serve(new PySerial({ url: device }), { client: SerialClient })
    await serial.attach()
    expect(await activeLines()).toEqual(['CD', 'CTS', 'DSR', 'DTR', 'RTS'])
    await serial.setDtr(false)
    expect(await activeLines()).toEqual([...inputs, 'RTS'])
    await serial.setRts(false)
    await serial.setDtr(true)
    expect(await activeLines()).toEqual([...inputs, 'DTR'])
    await serial.sendBreak(20)
    expect(await activeLines()).toEqual([...inputs, 'DTR'])
    expect(await serial.modemLines()).toEqual({ cts: true, dsr: true, cd: true })
  })
})
