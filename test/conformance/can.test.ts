import { setTimeout as delay } from 'node:timers/promises'
import { beforeEach, describe, expect, test } from 'vitest'

import { hasPythonEnvironment } from '../../scripts/python-environment.ts'
import { CanClient } from '../../src/clients/drivers/can-client.ts'
import { toMessage } from '../../src/clients/drivers/can-frame.ts'
import { describeCan } from '../../src/conformance/index.ts'
import { CanPort } from '../../src/drivers/can/channel.ts'
import { planChannel } from '../../src/drivers/can/config.ts'
import { frameOf, type Frame } from '../../src/drivers/can/frame.ts'
import { Can, type CanConfig } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { createPtyPair } from '../support/pty-pair.ts'
import { missingCommand, needsCommand, skipMissing } from '../support/system-part.ts'
import { createNode } from './support/can-frames.ts'
import { exchangeFrames } from './support/python-can.ts'
import { ModelBus, type SlcanAdapter, startSlcanAdapter } from './support/slcan-adapter.ts'

const model = 'a model of an adapter on a pseudo terminal'

describeCan(
  'Can (slcan)',
  async () => {
    const bus = new ModelBus()
    const adapter = await startSlcanAdapter(bus)
    const node = createNode(bus)
    return {
      ...adapter,
      driver: new Can({ interface: 'slcan', channel: adapter.path, bitrate: 500_000, data_bitrate: 2_000_000 }),
      sendFrame: (frame) => node.send(toMessage(frame)),
      receivedFrames: () => node.frames,
    }
  },
  { against: model, skip: missingCommand('socat') },
)

let virtualBuses = 0
describeCan(
  'Can (virtual)',
  async () => {
    const config: CanConfig = { interface: 'virtual', channel: `conformance-${virtualBuses++}` }
    const frames: Frame[] = []
    const events = { frame: (frame: Frame) => frames.push(frame), lost: () => undefined, warn: () => undefined }
    const peer = new CanPort(planChannel(config), events)
    const { signal } = new AbortController()
    await peer.open(signal)
    return {
      driver: new Can(config),
      sendFrame: (frame) => peer.send(frameOf(toMessage(frame)), signal),
      receivedFrames: () => frames,
      [Symbol.asyncDispose]: () => peer.close(),
    }
  },
  { against: 'another driver', lacks: { interrupt: 'there is nothing to take away' } },
)

async function startCan(config: Partial<CanConfig> = {}, prepare: (adapter: SlcanAdapter) => void = () => undefined) {
  const bus = new ModelBus()
  const adapter = await startSlcanAdapter(bus)
  prepare(adapter)
  const can = await serve(new Can({ interface: 'slcan', channel: adapter.path, ...config }), { client: CanClient })
  return {
    adapter,
    node: createNode(bus),
    can,
    async [Symbol.asyncDispose]() {
      await can[Symbol.asyncDispose]()
      await adapter[Symbol.asyncDispose]()
    },
  }
}

describe('an adapter with the protocol of Lawicel', () => {
  beforeEach(({ skip }) => needsCommand('socat', skip))

  test('is set up and opened at the beginning of the session, and closed at its end', async () => {
    const config = { bitrate: 250_000, data_bitrate: 5_000_000, timestamps: true } as const
    const peers = await startCan(config)
    await using adapter = peers.adapter
    expect(adapter.commands).toEqual(['C', 'S5', 'Y5', 'Z1', 'O'])
    await peers.can[Symbol.asyncDispose]()
    await expect.poll(() => adapter.commands.at(-1)).toBe('C')
  })

  test('that refuses a frame with BEL fails the call, tells why, and goes on', async () => {
    await using peers = await startCan()
    const { adapter, can, node } = peers
    adapter.behaviour.refuses = /^t123/
    adapter.behaviour.flags = 0x22
    await expect(can.send({ id: 0x123 })).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'lab',
      message: expect.stringContaining('refuses the frame t1230: it says transmit queue full, error passive'),
    })
    await can.send({ id: 0x124 })
    expect(node.frames).toMatchObject([{ id: 0x124 }])
    expect(await can.state()).toBe('passive')
    expect(adapter.commands.filter((command) => command === 'O')).toHaveLength(1)
  })

  test('that does not answer a frame is an error of the lab, and its late answer is not that of another', async () => {
    await using peers = await startCan()
    const { adapter, can, node } = peers
    adapter.behaviour.ignores = /^t/
    await expect(can.send({ id: 1 })).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
      origin: 'lab',
      message: expect.stringContaining(`the answer of the CAN adapter at ${adapter.path} to 't0010'`),
    })
    adapter.behaviour.ignores = undefined
    await can.send({ id: 2 })
    expect(node.frames).toMatchObject([{ id: 1 }, { id: 2 }])
    expect(adapter.commands).toEqual(['C', 'O', 't0010', 'C', 'C', 'O', 't0020'])
  })

  test('that is slow is set up with its own answers, and not with late ones to the commands before', async () => {
    await using peers = await startCan({ bitrate: 500_000 }, ({ behaviour }) => (behaviour.delayMs = 400))
    await peers.can.send({ id: 1 })
    expect(peers.adapter.commands).toEqual(['C', 'C', 'S6', 'O', 't0010'])
  })

  test.each([
    ['S', { bitrate: 800_000 }, 'it cannot do what bitrate of the config says'],
    ['Z', { timestamps: true }, 'it cannot do what timestamps of the config says'],
    ['O', {}, 'it may have no bit rate; set bitrate'],
  ])('that refuses the command %s fails each call, and not the session', async (letter, config, message) => {
    await using peers = await startCan(config, ({ behaviour }) => (behaviour.refuses = new RegExp(`^${letter}`)))
    const { adapter, can } = peers
    for (const call of [can.send({ id: 1 }), can.receive({ timeoutMs: 5_000 })]) {
      await expect(call).rejects.toMatchObject({ code: 'DEVICE_IO', message: expect.stringContaining(message) })
    }
    adapter.behaviour.refuses = undefined
    await can.send({ id: 1 })
  })

  test('may only listen', async () => {
    await using peers = await startCan({ listen_only: true })
    const { adapter, can, node } = peers
    expect(adapter.commands.at(-1)).toBe('L')
    await node.send(toMessage({ id: 5 }))
    expect(await can.receive({ timeoutMs: 5_000 })).toMatchObject({ id: 5 })
    await expect(can.send({ id: 1 })).rejects.toMatchObject({ code: 'DEVICE_IO' })
  })

  test('is not closed by a call that is cancelled while its frame is sent', async () => {
    await using peers = await startCan()
    const { adapter, can, node } = peers
    adapter.behaviour.delayMs = 300
    const cancelled = can.with({ signal: AbortSignal.timeout(100) }).send({ id: 1 })
    await expect(cancelled).rejects.toMatchObject({ code: 'CALL_CANCELLED' })
    await node.send(toMessage({ id: 7 }))
    expect(await can.receive({ timeoutMs: 5_000 })).toMatchObject({ id: 7 })
    await can.send({ id: 2 })
    expect(adapter.commands).toEqual(['C', 'O', 't0010', 't0020'])
  })

  test('that is pulled out in mid-stream ends the waits, and is used again when it is back', async () => {
    await using peers = await startCan()
    const { adapter, can, node } = peers
    await using task = await can.sendPeriodic([{ id: 0x10 }], { periodMs: 5 })
    await expect.poll(() => node.frames.length).toBeGreaterThan(3)
    const waiting = can.call('receive', 20).catch((error: unknown) => error)
    await delay(50)
    await adapter.interrupt()
    expect(await waiting).toMatchObject({ code: 'DEVICE_IO', origin: 'lab' })
    await expect(can.send({ id: 1 })).rejects.toMatchObject({ code: 'DEVICE_IO', origin: 'lab' })
    const before = node.frames.length
    await adapter.restore()
    // The periodic frames open it again.
    await expect.poll(() => node.frames.length, { timeout: 10_000 }).toBeGreaterThan(before)
    await node.send(toMessage({ id: 7 }))
    expect(await can.receive({ timeoutMs: 5_000 })).toMatchObject({ id: 7 })
    await task.stop()
  })

  test('serves several drivers, which hear each other', async () => {
    await using peers = await startCan({ bitrate: 500_000 })
    const { adapter, can, node } = peers
    const config = { interface: 'slcan', channel: adapter.path, bitrate: 500_000 } as const
    await using other = await serve(new Can(config), { client: CanClient })
    await can.send({ id: 1 })
    expect(await other.receive({ timeoutMs: 5_000 })).toMatchObject({ id: 1 })
    await node.send(toMessage({ id: 2 }))
    for (const one of [can, other]) expect(await one.receive({ timeoutMs: 5_000 })).toMatchObject({ id: 2 })
    expect(adapter.commands.filter((command) => command === 'O')).toHaveLength(1)
    await using wrong = await serve(new Can({ ...config, bitrate: 250_000 }), { client: CanClient })
    await expect(wrong.send({ id: 1 })).rejects.toMatchObject({
      code: 'EXPORTER_CONFIG_INVALID',
      message: expect.stringContaining('with other settings'),
    })
  })

  test('tells the times of its frames, over the end of its clock', async () => {
    let clockMs = 59_900
    await using peers = await startCan({ timestamps: true }, ({ behaviour }) => (behaviour.clockMs = () => clockMs))
    const { can, node } = peers
    const times: number[] = []
    for (const stepMs of [0, 90, 30]) {
      clockMs += stepMs
      await node.send(toMessage({ id: 1 }))
      times.push((await can.receive({ timeoutMs: 5_000 })).timeMs)
    }
    const [first = 0, second = 0, third = 0] = times
    expect(Math.abs(first - Date.now())).toBeLessThan(60_000)
    // A later frame that was faster corrects the earlier ones.
    expect(second - first).toBeLessThan(91)
    expect(third - second).toBeLessThan(31)
    expect(third - second).toBeGreaterThan(-1_000)
  })
})

test('A shutdown ends the periodic frames, which can be stopped after it and leave room for others', async () => {
  const driver = new Can({ interface: 'virtual', channel: `conformance-${virtualBuses++}` })
  await using can = await serve(driver, { client: CanClient })
  for (let round = 0; round < 3; round++) {
    const tasks = await Promise.all(
      Array.from({ length: 500 }, () => can.sendPeriodic([{ id: 1 }], { periodMs: 60_000 })),
    )
    await can.shutdown()
    await tasks[0]?.stop()
  }
  await expect(can.call('stopTask', 'unknown')).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
})

describe('a config of Can', () => {
  test.each([
    [{ interface: 'slcan', channel: 'socket://nowhere', bitrate: 1 }, ['channel', 'bitrate']],
    [{ interface: 'virtual', channel: 1, bitrate: 500_000 }, ['bitrate has no meaning']],
    [{ interface: 'slcan', channel: '/dev/x', listen_only: true, acknowledge: false }, ['listen_only']],
    [{ interface: 'pcan' }, ['interface', 'channel']],
  ])('%j is refused', (config, mistakes) => {
    for (const mistake of mistakes) expect(() => new Can(config as CanConfig)).toThrow(mistake)
  })

  test('names the serial line that check looks for', async () => {
    await expect(Can.check({ interface: 'slcan', channel: '/dev/ttyNOWHERE@9600' })).resolves.toMatchObject([
      { name: '/dev/ttyNOWHERE', isMet: false },
    ])
  })
})

describe('python-can at the other end', () => {
  beforeEach(({ skip }) => {
    needsCommand('socat', skip)
    if (!hasPythonEnvironment()) skipMissing("Jumpstarter's Python", skip)
  })

  // test/stress has 10,000 frames.
  test('gets and sends random frames, without an adapter, in order', async () => {
    await using line = await createPtyPair()
    await exchangeFrames({ ours: line.port, theirs: line.devicePath }, 500, { acknowledge: false })
  })

  test('gets and sends random frames through adapters that answer, in order', async () => {
    const bus = new ModelBus()
    await using first = await startSlcanAdapter(bus)
    await using second = await startSlcanAdapter(bus)
    await exchangeFrames({ ours: first.path, theirs: second.path }, 200)
  })
})
