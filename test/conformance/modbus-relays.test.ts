import { rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'

import { createPrivateFolder } from '../../src/base/private-folder.ts'
import { describePower } from '../../src/conformance/index.ts'
import { ModbusRelays, type ModbusRelaysConfig } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { createPtyPair } from '../support/pty-pair.ts'
import { needsCommand } from '../support/system-part.ts'
import { RelayBoard, serveRtu, serveTcp } from './support/modbus-server.ts'

const channels = {
  dut: { coil: 0 },
  fan: { coil: 1, normally_closed: true },
  lamp: { register: 3, closed_value: 256, open_value: 512 },
  none: { coil: 8 },
}
const serveRelays = (url: string, config: Partial<ModbusRelaysConfig> = {}) =>
  serve(new ModbusRelays({ url, ...config, channels }))
const at = (port: number) => `tcp://127.0.0.1:${port}`

describe('a board on TCP', () => {
  test('has a power for each channel', async () => {
    const board = new RelayBoard()
    await using server = await serveTcp(board)
    await using relays = await serveRelays(at(server.port))
    await relays.dut.on()
    await relays.fan.on()
    await relays.lamp.on()
    expect(board.requests).toEqual(['coil 0 = true', 'coil 1 = false', 'register 3 = 256'])
    await Promise.all([relays.dut.off(), relays.fan.off(), relays.lamp.off()])
    expect(Object.fromEntries(board.coils)).toEqual({ 0: false, 1: true })
    expect(Object.fromEntries(board.registers)).toEqual({ 3: 512 })
    await expect(relays.dut.read().next()).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
  })

  test('answers one request at a time', async () => {
    const board = new RelayBoard()
    await using server = await serveTcp(board, { unit: 17 })
    await using relays = await serveRelays(at(server.port), { unit: 17 })
    await Promise.all(Array.from({ length: 20 }, () => relays.dut.on()))
    expect(board.requests).toHaveLength(20)
  })

  test('that goes in mid-call is an error of the lab, and answers again when it is back', async () => {
    const board = new RelayBoard()
    const server = await serveTcp(board)
    await using relays = await serveRelays(at(server.port), { timeout: 60 })
    await relays.dut.on()
    board.isMute = true
    const failure = relays.dut.off().catch((error: unknown) => error)
    await vi.waitUntil(() => board.requests.length === 2)
    await server[Symbol.asyncDispose]()
    expect(await failure).toMatchObject({
      code: 'DEVICE_IO',
      origin: 'lab',
      message: expect.stringContaining('Lost unit 1'),
    })
    await expect(relays.dut.off()).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'lab',
      message: expect.stringContaining('ECONNREFUSED'),
    })
    board.isMute = false
    await using _ = await serveTcp(board, { port: server.port })
    await relays.dut.off()
    expect(board.coils.get(0)).toBe(false)
  })

  test('may be silent, or refuse', async () => {
    const board = new RelayBoard()
    await using server = await serveTcp(board)
    await using relays = await serveRelays(at(server.port), { timeout: 1 })
    board.isMute = true
    await expect(relays.dut.on()).rejects.toMatchObject({ code: 'CALL_TIMEOUT', origin: 'board' })
    board.isMute = false
    await expect(relays.none.on()).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'lab',
      message: expect.stringMatching(/refuses to switch coil 8: Modbus exception 2: Illegal data address/),
    })
    board.exception = 4
    await expect(relays.lamp.on()).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'board',
      message: expect.stringMatching(/refuses to switch register 3: Modbus exception 4/),
    })
    board.exception = undefined
    await relays.dut.on()
  })

  test('is left when the caller goes', async () => {
    const board = new RelayBoard()
    await using server = await serveTcp(board)
    await using relays = await serveRelays(at(server.port), { timeout: 60 })
    board.isMute = true
    const controller = new AbortController()
    const failure = relays.dut
      .with({ signal: controller.signal })
      .on()
      .catch((error: unknown) => error)
    await vi.waitUntil(() => board.requests.length === 1)
    controller.abort(new Error('enough'))
    expect(await failure).toMatchObject({ code: 'CALL_CANCELLED' })
    board.isMute = false
    await relays.dut.off()
    expect(board.coils.get(0)).toBe(false)
  })

  test('is found by check', async () => {
    await using server = await serveTcp(new RelayBoard())
    const found = await ModbusRelays.check({ url: at(server.port), channels }, {})
    expect(found).toEqual([
      { name: 'the package modbus-serial', isMet: true },
      { name: `127.0.0.1:${server.port}`, isMet: true },
    ])
    const [, missing] = await ModbusRelays.check({ url: '/dev/no-such-port', channels }, {})
    expect(missing).toMatchObject({ name: '/dev/no-such-port', isMet: false })
  })
})

describe('a board on a serial line', () => {
  test('switches, and is reached again when its adapter is plugged in again', async ({ skip }) => {
    needsCommand('socat', skip)
    const folder = await createPrivateFolder()
    const board = new RelayBoard()
    // The name that udev gives a port stays the same.
    const url = join(folder.path, 'by-id')
    await using relays = await serveRelays(url, { baudrate: 19_200, timeout: 60 })
    {
      await using line = await createPtyPair()
      await symlink(line.port, url)
      await using _ = await serveRtu(board, line.devicePath)
      await relays.dut.on()
      await relays.fan.off()
      await relays.lamp.on()
      expect(board.requests).toEqual(['coil 0 = true', 'coil 1 = true', 'register 3 = 256'])
      board.isMute = true
      const failure = relays.dut.off().catch((error: unknown) => error)
      await vi.waitUntil(() => board.requests.length === 4)
      await line.unplug()
      const message = expect.stringContaining('Lost unit 1')
      expect(await failure).toMatchObject({ code: 'DEVICE_IO', origin: 'lab', message })
    }
    await expect(relays.dut.off()).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'lab',
      message: expect.stringContaining('Cannot reach unit 1'),
    })
    await rm(url)
    board.isMute = false
    await using line = await createPtyPair()
    await symlink(line.port, url)
    await using _ = await serveRtu(board, line.devicePath)
    await relays.dut.off()
    expect(board.coils.get(0)).toBe(false)
    await folder.remove()
  })
})

describePower('ModbusRelays', createTested, {
  against: "modbus-serial's server",
  path: 'dut',
  lacks: { read: 'a relay cannot measure' },
  badConfig: {
    config: { url: 'udp://x', unit: 0, channels: { dut: { coil: -1 } }, baud: 1 },
    mistakes: ['url', 'unit', 'channels.dut.coil', 'baud'],
  },
})

async function createTested() {
  const board = new RelayBoard()
  let server = await serveTcp(board)
  const { port } = server
  return {
    driver: new ModbusRelays({ url: at(port), channels }),
    isOn: () => board.coils.get(0) === true,
    interrupt: () => server[Symbol.asyncDispose](),
    async restore() {
      server = await serveTcp(board, { port })
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
