import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'

import { CanClient } from '../../src/clients/drivers/can-client.ts'
import { toMessage } from '../../src/clients/drivers/can-frame.ts'
import { IsoTpClient } from '../../src/clients/drivers/iso-tp-client.ts'
import { Driver, HardwareError, type Implementation, serve } from '../../src/index.ts'
import { Can, type CanFilter, type CanMessage, IsoTp, type IsoTpMessage } from '../../src/interfaces/index.ts'
import { callSignal } from '../../src/runtime/call.ts'

/** A bus whose frames come back, as those of python-can's virtual interface with `receive_own_messages`. */
class Loop extends Driver implements Implementation<typeof Can> {
  static readonly interface = Can
  readonly waiting: CanMessage[] = []
  readonly tasks = new Map<string, NodeJS.Timeout>()
  filters: readonly CanFilter[] | null = null
  busState = 1

  async receive(timeout: number | null) {
    const until = performance.now() + (timeout ?? 3600) * 1000
    while (this.waiting.length === 0 && performance.now() < until) {
      await sleep(5, undefined, { signal: callSignal() })
    }
    return [this.waiting.shift() ?? null, false] as const
  }
  send(message: CanMessage) {
    this.waiting.push({ ...message, timestamp: 1.5, is_rx: true })
  }
  sendPeriodic(messages: readonly CanMessage[], period: number) {
    const timer = setInterval(() => messages.forEach((message) => this.send(message)), period * 1000)
    const task = `task-${this.tasks.size}`
    this.tasks.set(task, timer)
    return task
  }
  startTask() {}
  stopTask(uuid: string) {
    clearInterval(this.tasks.get(uuid))
    if (!this.tasks.delete(uuid)) throw new Error(`no task ${uuid}`)
  }
  state(value?: number | null) {
    if (value === undefined || value === null) return this.busState
    this.busState = value
    return null
  }
  protocol() {
    return 2
  }
  channelInfo() {
    return 'a loop'
  }
  applyFilters(filters: readonly CanFilter[] | null) {
    this.filters = filters
    throw new HardwareError('NOT_IMPLEMENTED', 'this bus cannot filter')
  }
  flushTxBuffer() {}
  shutdown() {}
}

/** A control unit that answers each message with its bytes in the reverse order. */
class Unit extends Driver implements Implementation<typeof IsoTp> {
  static readonly interface = IsoTp
  readonly sent: unknown[] = []
  #answer: string | null = null

  start() {}
  stop() {}
  send(message: IsoTpMessage, ...options: unknown[]) {
    this.sent.push(options)
    const bytes = Buffer.from(message.data ?? '', 'base64')
    this.#answer = Buffer.from(bytes.toReversed()).toString('base64')
  }
  recv(..._others: readonly unknown[]) {
    const data = this.#answer
    this.#answer = null
    // Python's base64 has an end of line.
    return { data: data === null ? null : `${data}\n` }
  }
  available() {
    return this.#answer !== null
  }
  transmitting() {
    return false
  }
  setAddress() {}
  stopSending() {}
  stopReceiving() {}
}

describe('CanClient', () => {
  test('sends and receives frames of every kind', async () => {
    await using can = await serve(new Loop(), { client: CanClient })
    await can.send({ id: 0x123, data: [1, 2, 3] })
    expect(await can.receive({ timeoutMs: 5_000 })).toEqual({
      id: 0x123,
      isExtended: false,
      data: Buffer.from([1, 2, 3]),
      isRemote: false,
      isError: false,
      length: 3,
      isFd: false,
      bitrateSwitch: false,
      errorStateIndicator: false,
      isReceived: true,
      timeMs: 1500,
      channel: null,
    })
    const bytes = Buffer.from(Array.from({ length: 64 }, (_, n) => 255 - n))
    await can.send({ id: 0x18daf110, data: bytes })
    expect(await can.receive({ timeoutMs: 5_000 })).toMatchObject({ isExtended: true, isFd: true, data: bytes })
    await can.send({ id: 5, isRemote: true, length: 4 })
    expect(await can.receive({ timeoutMs: 5_000 })).toMatchObject({ isRemote: true, length: 4, data: Buffer.alloc(0) })
  })

  test('refuses frames that no bus can send', async () => {
    await using can = await serve(new Loop(), { client: CanClient })
    const wrong = [
      { id: -1 },
      { id: 0x800, isExtended: false },
      { id: 0x2000_0000 },
      { id: 1, data: Buffer.alloc(9) },
      { id: 1, data: Buffer.alloc(9), isFd: false },
      { id: 1, data: Buffer.alloc(65) },
      { id: 1, data: [1], isRemote: true },
    ]
    for (const frame of wrong) await expect(can.send(frame)).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
  })

  test('chooses frames, also where the driver cannot filter', async () => {
    const bus = new Loop()
    await using can = await serve(bus, { client: CanClient })
    for (const id of [1, 2, 3]) await can.send({ id })
    expect(await can.receive({ where: ({ id }) => id > 1, timeoutMs: 5_000 })).toMatchObject({ id: 2 })
    await can.setFilters([{ id: 0x10, mask: 0x7f0 }])
    expect(bus.filters).toEqual([{ can_id: 0x10, can_mask: 0x7f0 }])
    await can.send({ id: 0x23 })
    await can.send({ id: 0x1f })
    expect(await can.receive({ timeoutMs: 5_000 })).toMatchObject({ id: 0x1f })
    await can.setFilters(null)
    await can.send({ id: 0x23 })
    expect(await can.receive({ timeoutMs: 5_000 })).toMatchObject({ id: 0x23 })
  })

  test('fails when no frame comes in time, and when the wait is cancelled', async () => {
    await using can = await serve(new Loop(), { client: CanClient })
    await expect(can.receive({ timeoutMs: 50 })).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
      details: expect.objectContaining({ limitMs: 50 }),
    })
    const cancelled = can.receive({ signal: AbortSignal.timeout(50), timeoutMs: 20_000 })
    await expect(cancelled).rejects.toMatchObject({ code: 'CALL_CANCELLED' })
  })

  test.each([
    ['its choice', { where: () => false }, null],
    ['the filters', {}, [{ id: 0x700, mask: 0x7ff }]],
  ])('fails in time on a bus with frames without end that %s does not want', async (_what, choice, filters) => {
    class Busy extends Loop {
      override async receive(..._others: readonly unknown[]) {
        return [toMessage({ id: 0x123 }), false] as const
      }
    }
    await using can = await serve(new Busy(), { client: CanClient })
    await can.setFilters(filters)
    await expect(can.receive({ ...choice, timeoutMs: 100 })).rejects.toMatchObject({ code: 'CALL_TIMEOUT' })
  })

  test('sends periodically until the task is disposed of', async () => {
    const bus = new Loop()
    await using can = await serve(bus, { client: CanClient })
    {
      await using task = await can.sendPeriodic([{ id: 7 }, { id: 8 }], { periodMs: 5 })
      const ids: number[] = []
      for await (const { id } of can.frames({ timeoutMs: 5_000 })) if (ids.push(id) === 4) break
      expect(ids).toEqual([7, 8, 7, 8])
      expect(task).toBeDefined()
    }
    expect(bus.tasks.size).toBe(0)
  })

  test('reads and sets the state', async () => {
    await using can = await serve(new Loop(), { client: CanClient })
    expect(await can.state()).toBe('active')
    await can.setState('passive')
    expect(await can.state()).toBe('passive')
    expect(await can.protocol()).toBe('can-fd')
    expect(await can.channelInfo()).toBe('a loop')
  })
})

describe('IsoTpClient', () => {
  test('sends a message and waits for the answer', async () => {
    const unit = new Unit()
    await using isotp = await serve(unit, { client: IsoTpClient })
    await isotp.start()
    const message = Buffer.from(Array.from({ length: 4095 }, (_, n) => n & 0xff))
    expect(await isotp.request(message, { timeoutMs: 5_000 })).toEqual(Buffer.from(message.toReversed()))
    await isotp.send([1], { isFunctional: true, sendTimeoutMs: 250 })
    expect(unit.sent).toEqual([
      [null, null],
      [1, 0.25],
    ])
    expect(await isotp.available()).toBe(true)
    expect(await isotp.receive()).toEqual(Buffer.from([1]))
    await expect(isotp.receive({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'CALL_TIMEOUT' })
  })
})
