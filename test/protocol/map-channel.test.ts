import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'

import { HardwareError } from '../../src/errors.ts'
import type { WaitOptions } from '../../src/base/wait-options.ts'
import type { Channel } from '../../src/protocol/channel.ts'
import { type AroundChannel, type ChannelRequest, mapChannel } from '../../src/protocol/map-channel.ts'

const power = { uuid: 'u1', method: 'on', label: 'board.power.on', driver: 'board.power', idempotent: true }
const button = { uuid: 'u2', method: 'press' }

/** A channel that answers with the arguments of its methods. */
function answering(address: string, closed: unknown[] = []): Channel {
  return {
    address,
    details: { address },
    report: async () => ({ uuid: 'r', labels: {}, drivers: [] }),
    call: async (target, args, options) => [address, target.method, args, options],
    async *streamingCall(target, args) {
      yield [target.method, args]
    },
    openStream: async () => new PassThrough(),
    openResource: async (uuid, encoding, options) => ({
      stream: new PassThrough(),
      handle: { kind: 'client_stream', uuid: `${uuid} ${options?.label}`, x_jmp_content_encoding: encoding },
    }),
    async *logs() {
      yield { severity: 'INFO', message: 'up', source: 'SYSTEM' }
    },
    state: async () => undefined,
    endSession: async () => true,
    close: (reason) => closed.push(reason),
  }
}

/** Notes each request, and does nothing else. */
class Recorder implements AroundChannel {
  readonly requests: ChannelRequest[] = []

  answer<T>(request: ChannelRequest, next: (options: WaitOptions) => Promise<T>): Promise<T> {
    this.requests.push(request)
    return next(request.options)
  }

  async *answers<T>(
    request: ChannelRequest,
    next: (options: WaitOptions) => AsyncGenerator<T, void, void>,
  ): AsyncGenerator<T, void, void> {
    this.requests.push(request)
    yield* next(request.options)
  }
}

test('a wrapper sees every request, with its name and its arguments', async () => {
  const recorder = new Recorder()
  const inner = answering('a')
  const channel = mapChannel(() => inner, recorder)
  expect(channel.address).toBe('a')
  await channel.report()
  await channel.call(power, [1], { timeoutMs: 5 })
  await Array.fromAsync(channel.streamingCall(button, [2]))
  await channel.openStream(button)
  await channel.openResource('u3', null)
  await channel.openResource('u3', 'gzip', { label: 'board.flasher.resource', timeoutMs: 6 })
  await Array.fromAsync(channel.logs())
  await channel.state()
  await channel.endSession()
  expect(recorder.requests).toEqual([
    { kind: 'report', name: { label: 'GetReport' }, idempotent: true, options: {} },
    {
      kind: 'call',
      name: { label: 'board.power.on', driver: 'board.power', method: 'on' },
      idempotent: true,
      target: power,
      args: [1],
      options: { timeoutMs: 5 },
    },
    {
      kind: 'streamingCall',
      name: { label: 'press', method: 'press' },
      idempotent: false,
      target: button,
      args: [2],
      options: {},
    },
    { kind: 'openStream', name: { label: 'press', method: 'press' }, idempotent: false, target: button, options: {} },
    { kind: 'openResource', name: { label: 'resource' }, idempotent: true, options: {} },
    { kind: 'openResource', name: { label: 'board.flasher.resource' }, idempotent: true, options: { timeoutMs: 6 } },
    { kind: 'logs', name: { label: 'LogStream' }, idempotent: true, options: {} },
    { kind: 'state', name: { label: 'GetStatus' }, idempotent: true, options: {} },
    { kind: 'endSession', name: { label: 'EndSession' }, idempotent: false, options: {} },
  ])
})

test('the answers of the wrapped channel come through, and its arguments go there', async () => {
  const inner = answering('a')
  const channel = mapChannel(() => inner, new Recorder())
  expect(await channel.call(power, [1], { timeoutMs: 5 })).toEqual(['a', 'on', [1], { timeoutMs: 5 }])
  expect(await Array.fromAsync(channel.streamingCall(button, [2]))).toEqual([['press', [2]]])
  const { handle } = await channel.openResource('u3', 'gzip', { label: 'flasher' })
  expect(handle).toEqual({ kind: 'client_stream', uuid: 'u3 flasher', x_jmp_content_encoding: 'gzip' })
  expect(await Array.fromAsync(channel.logs())).toMatchObject([{ message: 'up' }])
  expect(await channel.endSession()).toBe(true)
})

test('each request goes to the channel of the moment, and so does the end', async () => {
  const closed: unknown[] = []
  let current = answering('a')
  const channel = mapChannel(() => current, new Recorder())
  current = answering('b', closed)
  expect(await channel.call(button, [])).toEqual(['b', 'press', [], {}])
  const reason = new HardwareError('LEASE_LOST', 'the lease is over')
  channel.close(reason)
  expect(closed).toEqual([reason])
})

test('a wrapper can make a request again, with other limits, or answer by itself', async () => {
  const inner = answering('a')
  const twice: AroundChannel = {
    answer: async (_request, next) => {
      await next({ timeoutMs: 1 })
      return next({ timeoutMs: 2 })
    },
    async *answers() {},
  }
  const channel = mapChannel(() => inner, twice)
  expect(await channel.call(button, [])).toEqual(['a', 'press', [], { timeoutMs: 2 }])
  expect(await Array.fromAsync(channel.streamingCall(button, []))).toEqual([])
})
