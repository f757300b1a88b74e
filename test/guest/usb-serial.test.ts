import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { SerialClient } from '../../src/clients/drivers/serial-client.ts'
import { PySerial } from '../../src/drivers/serial/py-serial.ts'
import { openLineStream } from '../../src/drivers/serial/open-line.ts'
import { serve } from '../../src/serve.ts'
import { untilSucceeds } from '../support/until-succeeds.ts'
import { createGadget, type Gadget } from './support/gadget.ts'
import { outsideOfGuest } from './support/in-guest.ts'

const url = 'usb://1209:0001?serial_number=guest-1'

const serveSerial = (address = url) => serve(new PySerial({ url: address }), { client: SerialClient })

/** Opens the board's end of the port. */
const openBoard = () => openLineStream({ url: '/dev/ttyGS0' })

async function read(stream: Duplex, length: number) {
  let got = Buffer.alloc(0)
  while (got.length < length) {
    const chunk = stream.read() as Buffer | null
    if (chunk === null) await once(stream, 'readable')
    else got = Buffer.concat([got, chunk])
  }
  return got
}

describe.skipIf(outsideOfGuest() !== undefined)('a port of a USB device', () => {
  let gadget: Gadget
  beforeAll(async () => {
    gadget = await createGadget({
      ...{ vendor: '1209', product: '0001', serialNumber: 'guest-1', function: 'acm.port' },
    })
    await untilSucceeds('the port', async () => {
      const requirements = await PySerial.check({ url })
      if (!requirements.every(({ isMet }) => isMet)) throw new Error(JSON.stringify(requirements))
    })
  })
  afterAll(() => gadget?.[Symbol.asyncDispose]())

  test.each([url, 'hwgrep://VID:PID=1209:0001 SER=guest-1 LOCATION=\\d'])(
    'by %s carries bytes both ways',
    async (by) => {
      await using serial = await serveSerial(by)
      const stream = await serial.connect()
      const board = await openBoard()
      const bytes = randomBytes(64 * 1024)
      stream.write(bytes)
      expect((await read(board.stream, bytes.length)).equals(bytes)).toBe(true)
      board.stream.write(bytes)
      expect((await read(stream, bytes.length)).equals(bytes)).toBe(true)
      stream.destroy()
      await board.close()
    },
  )

  test('that is pulled out in mid-stream is a failure of the lab, and the console reads on when it is back', async () => {
    await using serial = await serveSerial()
    await serial.attach()
    const stream = await serial.connect()
    const before = await openBoard()
    before.stream.write('before\n')
    expect(String(await read(stream, 7))).toBe('before\n')
    await serial.expect('before')
    await gadget.unplug()
    await expect(text(stream)).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'lab',
      message: expect.stringMatching(/\/dev\/ttyACM\d+ is gone/),
    })
    await serial.expect('the device is away')
    await expect(serial.connect()).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'lab',
      message: expect.stringContaining(`No USB serial port matches ${url}`),
    })
    await before.close()
    await gadget.plug()
    await serial.expect('the device is back', { timeoutMs: 60_000 })
    const after = await openBoard()
    after.stream.write('welcome\n')
    await serial.expect('welcome')
    await after.close()
  })

  test('tells when the board has its end open', async () => {
    await using serial = await serveSerial()
    await serial.attach()
    const board = await openBoard()
    await expect.poll(() => serial.modemLines(), { timeout: 20_000 }).toMatchObject({ dsr: true, cd: true })
    await board.close()
    await expect.poll(() => serial.modemLines(), { timeout: 20_000 }).toMatchObject({ dsr: false, cd: false })
  })

  test('without breaks keeps the levels of its lines, and says why it cannot change them', async () => {
    await using serial = await serveSerial()
    await serial.attach()
    await serial.setDtr(true)
    await serial.setRts(true)
    await expect(serial.setDtr(false)).rejects.toMatchObject({
      code: 'DEVICE_IO',
      message: expect.stringMatching(/ttyACM\d+ cannot set DTR and RTS: Operation not supported/),
    })
    const board = await openBoard()
    board.stream.write('still here\n')
    await serial.expect('still here')
    await board.close()
  })
})
