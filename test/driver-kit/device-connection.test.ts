import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'

import { DeviceConnection } from '../../src/driver-kit/device-connection.ts'
import { HardwareError } from '../../src/errors.ts'
import { openSocket } from '../../src/driver-kit/open-socket.ts'

/** A device that answers each line in capitals, unless it is `mute`. */
async function startDevice(port = 0) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('close', () => sockets.delete(socket)).on('error', () => undefined))
    socket.on('data', (data) => {
      if (String(data) !== 'mute') socket.write(String(data).toUpperCase())
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

let device = await startDevice()
const connections: DeviceConnection<Socket>[] = []
afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close()))
})

function connect(options: { readonly timeoutMs?: number } = {}) {
  const connection = new DeviceConnection<Socket>({
    name: `the device at port ${device.port}`,
    async open(ended, signal) {
      const socket = await openSocket({ host: '127.0.0.1', port: device.port, signal, ended })
      // The end of a socket that nobody reads goes unnoticed.
      return socket.on('data', () => undefined)
    },
    close: (socket) => void socket.destroy(),
    ...options,
  })
  connections.push(connection)
  return connection
}
const ask = (text: string) => async (socket: Socket) => {
  socket.write(text)
  return String((await once(socket, 'data'))[0])
}

test('a connection is opened on first use, kept, and used by one call at a time', async () => {
  const connection = connect()
  expect(device.sockets.size).toBe(0)
  const questions = Array.from({ length: 20 }, (_, index) => `question ${index}`)
  const answers = await Promise.all(questions.map((question) => connection.use(ask(question))))
  expect(answers).toEqual(questions.map((question) => question.toUpperCase()))
  expect(device.sockets.size).toBe(1)
})

test('a device that goes in mid-call is an error of the lab, and the next call reaches it when it is back', async () => {
  const connection = connect()
  await connection.use(ask('hello'))
  setTimeout(() => void device.stop(), 50)
  await expect(connection.use(ask('mute'))).rejects.toMatchObject({
    code: 'DEVICE_IO',
    origin: 'lab',
    message: /^Lost the device at port \d+: /,
  })
  await expect(connection.use(ask('hello'))).rejects.toMatchObject({
    code: 'DEVICE_IO',
    origin: 'lab',
    message: /^Cannot reach the device at port \d+: connect ECONNREFUSED/,
  })
  device = await startDevice(device.port)
  await expect(connection.use(ask('again'))).resolves.toBe('AGAIN')
})

test('whatever keeps it from being opened is no fault of the board', async () => {
  let reason: Error = new HardwareError('CALL_TIMEOUT', 'no greeting')
  const meter = new DeviceConnection<never>({ name: 'the meter', open: () => Promise.reject(reason), close: () => {} })
  const use = () => meter.use(async () => undefined)
  await expect(use()).rejects.toMatchObject({
    code: 'DEVICE_IO',
    origin: 'lab',
    message: 'Cannot reach the meter: no greeting',
  })
  reason = new HardwareError('MODULE_MISSING', 'npm install meter')
  await expect(use()).rejects.toBe(reason)
})

test('a device that went between two calls is reached again', async () => {
  const connection = connect()
  await connection.use(ask('hello'))
  await device.stop()
  device = await startDevice(device.port)
  await expect(connection.use(ask('again'))).resolves.toBe('AGAIN')
})

test('a late or cancelled call does not leave its answer to the next one', async () => {
  const connection = connect({ timeoutMs: 100 })
  await expect(connection.use(ask('mute'))).rejects.toMatchObject({
    code: 'CALL_TIMEOUT',
    message: /^a call of the device at port \d+ did not end within 100 ms/,
  })
  await expect(connection.use(ask('hello'))).resolves.toBe('HELLO')
  const controller = new AbortController()
  setTimeout(() => controller.abort(new Error('gone')), 20)
  await expect(connection.use(ask('mute'), { signal: controller.signal })).rejects.toThrow('gone')
  await expect(connection.use(ask('hello'))).resolves.toBe('HELLO')
})

test('close ends the call under way and those that wait, and leaves nothing open', async () => {
  const connection = connect()
  const calls = [connection.use(ask('mute')), connection.use(ask('later'))].map((call) =>
    expect(call).rejects.toThrow('has been closed'),
  )
  await new Promise((resolve) => setTimeout(resolve, 20))
  await connection.close()
  await Promise.all(calls)
  await expect(connection.use(ask('hello'))).rejects.toThrow('has been closed')
  await expect.poll(() => device.sockets.size).toBe(0)
})
