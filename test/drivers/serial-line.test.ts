import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { execa } from 'execa'
import { beforeEach, describe, expect, test } from 'vitest'

import { DeviceConnection } from '../../src/driver-kit/device-connection.ts'
import { type LineStream, openLine, openLineStream } from '../../src/drivers/serial/open-line.ts'
import { createPtyPair } from '../support/pty-pair.ts'
import { needsCommand } from '../support/system-part.ts'

const ask = (question: string) => async (line: LineStream) => {
  line.stream.write(question)
  return String((await once(line.stream, 'data'))[0])
}

test('loop:// is a line that echoes every byte', async () => {
  const line = await openLineStream({ url: 'loop://' })
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  line.stream.write(bytes)
  expect((await once(line.stream, 'data'))[0]).toEqual(bytes)
  await line.close()
  expect(line.stream.destroyed).toBe(true)
})

test('an address of another kind is refused', async () => {
  const events = { data: () => undefined, closed: () => undefined }
  await expect(openLine({ url: 'spy://x' }, events)).rejects.toThrow('spy://x is not the address of a serial line')
})

test('socket:// is a line that a connection opens again', async () => {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined))
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `socket://127.0.0.1:${(server.address() as AddressInfo).port}`
  const device = new DeviceConnection<LineStream>({
    name: url,
    open: (ended, signal) => openLineStream({ url, ended, signal }),
    close: (line) => line.close(),
  })
  await expect(device.use(ask('one'))).resolves.toBe('one')
  const [socket] = sockets
  socket?.resetAndDestroy()
  await once(socket as Socket, 'close')
  await expect(device.use(ask('two'))).resolves.toBe('two')
  expect(sockets).toHaveLength(2)
  await device.close()
  server.close()
  await once(server, 'close')
})

describe('a device', () => {
  beforeEach(({ skip }) => needsCommand('socat', skip))

  test('has the settings of its options, and the defaults for the others', async () => {
    await using pair = await createPtyPair()
    const line = await openLineStream({ url: pair.port, baudRate: 9600, stopBits: 2, parity: undefined })
    const { stdout } = await execa('stty', ['-F', pair.port, '-a'])
    expect(stdout).toContain('speed 9600 baud')
    expect(stdout).toMatch(/-parenb .*cs8 .*[^-]cstopb/)
    await line.close()
  })

  test('is free for others as soon as it is closed', async () => {
    await using pair = await createPtyPair()
    for (let n = 0; n < 20; n++) {
      const line = await openLineStream({ url: pair.port })
      await expect(openLineStream({ url: pair.port })).rejects.toThrow('is in use')
      await line.close()
    }
  })

  test('that goes in mid-call ends the call, and the next call finds it when it is back', async () => {
    await using pair = await createPtyPair()
    const device = new DeviceConnection<LineStream>({
      name: 'the relay',
      open: (ended, signal) => openLineStream({ url: pair.port, ended, signal }),
      close: (line) => line.close(),
    })
    const call = device.use(ask('?')).catch((error: unknown) => error)
    expect((await pair.device.read(Buffer.alloc(1))).buffer.toString()).toBe('?')
    await pair.unplug()
    expect(await call).toMatchObject({ code: 'DEVICE_IO', origin: 'lab' })
    await expect(device.use(ask('?'))).rejects.toMatchObject({ code: 'DEVICE_IO' })
    await device.close()
  })
})
