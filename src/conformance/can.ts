import { assert, expect } from 'vitest'

import { wallClock } from '../base/clock.ts'
import { pause } from '../base/pause.ts'
import { CanClient, type CanFrame, type CanFrameToSend } from '../clients/drivers/can-client.ts'
import { Can } from '../interfaces/can.ts'
import { registerCommonTests } from './common-tests.ts'
import type { ConformanceOptions, CreateDriver, TestedDriver } from './device.ts'
import { describeOutcome, failedWith, outcomeOf } from './outcome.ts'
import { Suite } from './suite.ts'

/** The time after which a wait has surely begun, in milliseconds. */
const beginMs = 50

/** A driver of a CAN bus to be tested, with another node on its bus. */
export interface TestedCan extends TestedDriver {
  /** The other node: sends a frame on the bus. */
  sendFrame?(frame: CanFrameToSend): unknown
  /** The other node: the frames that it has received, oldest first. */
  receivedFrames?(): readonly Pick<CanFrame, 'id' | 'isExtended' | 'isRemote' | 'data'>[]
}

/** Options of {@link describeCan}. A bus without CAN FD lacks `fd`, one on which the test has no other node lacks `peer`. */
export type CanConformance = ConformanceOptions<'fd' | 'peer' | 'filters'>

/** Frames of all kinds of CAN 2.0. */
const frames: readonly CanFrameToSend[] = [
  { id: 0 },
  { id: 0x7ff, data: [1, 2, 3, 4, 5, 6, 7, 8] },
  { id: 0x123, isExtended: true, data: [255] },
  { id: 0x1fff_ffff, data: [0, 13, 7, 10] },
  { id: 0x55, isRemote: true, length: 4 },
  { id: 0x18da_f110, isRemote: true, length: 8 },
]

/** Frames of CAN FD. */
const fdFrames: readonly CanFrameToSend[] = [
  { id: 1, isFd: true, data: [1] },
  { id: 0x18da_f110, isFd: true, bitrateSwitch: true, data: Array.from({ length: 64 }, (_, n) => 255 - n) },
]

/**
 * Tests a driver of the interface `Can`: frames of all kinds both ways, in order, waits, filters, periodic frames, and everything else
 * that every driver has to stand.
 *
 * @param name the name of the driver in titles and reports
 */
export function describeCan(name: string, create: CreateDriver<TestedCan>, options: CanConformance = {}): void {
  const definition = {
    kind: 'CAN',
    contract: Can,
    Client: CanClient,
    badCalls: [
      ['send', { arbitration_id: 'one' }],
      ['send', { ...wire, arbitration_id: 0x800 }],
      ['send', { ...wire, data: Buffer.alloc(9).toString('base64') }],
      ['sendPeriodic', [wire], 0],
      ['stopTask', 'no task'],
      ['applyFilters', 'none'],
    ],
    async use(client: CanClient) {
      await client.send({ id: 0x700, data: [5] })
    },
  } as const
  const suite = new Suite<CanClient, TestedCan>(definition, name, create, options)
  const { timeoutMs, lacks } = suite.options

  suite.describe(() => {
    const sent = lacks['fd'] === undefined ? [...frames, ...fdFrames] : frames

    suite.test(
      'sends frames of every kind, in order',
      async ({ client, device, notTested }) => {
        if (device.receivedFrames === undefined) return notTested('create() gives no receivedFrames()')
        const before = device.receivedFrames().length
        for (const frame of sent) await client.send(frame)
        const got = () => device.receivedFrames?.().slice(before) ?? []
        await expect.poll(() => got().length, { timeout: timeoutMs }).toBe(sent.length)
        expect(got(), 'the frames on the bus').toMatchObject(sent.map(expected))
      },
      'peer',
    )

    suite.test(
      'receives frames of every kind, in order',
      async ({ client, device, notTested }) => {
        if (device.sendFrame === undefined) return notTested('create() gives no sendFrame()')
        const startMs = wallClock()
        for (const frame of sent) await device.sendFrame(frame)
        for (const frame of sent) {
          const got = await client.receive({ timeoutMs })
          expect(got, 'a frame of the bus').toMatchObject({ ...expected(frame), isReceived: true, isError: false })
          expect(Math.abs(got.timeMs - startMs), 'the time of the frame').toBeLessThan(60_000)
        }
      },
      'peer',
    )

    suite.test(
      'lets only the frames come that pass the filters',
      async ({ client, device, notTested }) => {
        if (device.sendFrame === undefined) return notTested('create() gives no sendFrame()')
        await client.setFilters([
          { id: 0x100, mask: 0x700 },
          { id: 0x42, mask: 0x1fff_ffff, isExtended: true },
        ])
        for (const frame of [{ id: 0x200 }, { id: 0x142 }, { id: 0x42 }, { id: 0x42, isExtended: true }]) {
          await device.sendFrame(frame)
        }
        expect(await client.receive({ timeoutMs })).toMatchObject({ id: 0x142 })
        expect(await client.receive({ timeoutMs })).toMatchObject({ id: 0x42, isExtended: true })
        await client.setFilters(null)
        await device.sendFrame({ id: 0x200 })
        expect(await client.receive({ timeoutMs })).toMatchObject({ id: 0x200 })
      },
      lacks['filters'] === undefined ? 'peer' : 'filters',
    )

    suite.test('waits no longer than it is told, and ends a wait that is cancelled', async ({ client }) => {
      // Nothing has this identifier.
      const where = ({ id }: CanFrame) => id === 0x7aa
      const late = await outcomeOf('a wait with a limit', timeoutMs, client.receive({ where, timeoutMs: beginMs }))
      assert(failedWith(late, 'CALL_TIMEOUT'), `a wait at its limit: ${describeOutcome(late)}`)
      const controller = new AbortController()
      const waiting = client.receive({ where, timeoutMs: 2 * timeoutMs, signal: controller.signal })
      const outcome = outcomeOf('a cancelled wait', timeoutMs, waiting)
      await pause(beginMs)
      controller.abort()
      const end = await outcome
      assert(failedWith(end, 'CALL_CANCELLED'), `a cancelled wait: ${describeOutcome(end)}`)
    })

    suite.test(
      'sends frames again and again, until it is told to stop',
      async ({ client, device, notTested }) => {
        if (device.receivedFrames === undefined) return notTested('create() gives no receivedFrames()')
        const count = (id: number) => device.receivedFrames?.().filter((frame) => frame.id === id).length ?? 0
        const task = await client.sendPeriodic([{ id: 0x6a1 }, { id: 0x6a2 }], { periodMs: 10 })
        await expect.poll(() => count(0x6a2), { timeout: timeoutMs }).toBeGreaterThan(2)
        await task.stop()
        expect(Math.abs(count(0x6a1) - count(0x6a2)), 'the frames take turns').toBeLessThan(2)
        await pause(beginMs)
        const stopped = count(0x6a1)
        await pause(2 * beginMs)
        expect(count(0x6a1), 'frames after the end').toBe(stopped)
      },
      'peer',
    )

    suite.test('tells its state and its protocol', async ({ client }) => {
      expect(await client.state()).toBe('active')
      expect(await client.protocol()).toMatch(/^can-/)
      expect(await client.channelInfo()).not.toBe('')
    })

    registerCommonTests(suite)
  })
}

/** A right frame in the form of the wire. */
const wire = {
  timestamp: 0,
  arbitration_id: 1,
  is_extended_id: false,
  is_remote_frame: false,
  is_error_frame: false,
  channel: null,
  dlc: 0,
  data: null,
  is_fd: false,
  is_rx: false,
  bitrate_switch: false,
  error_state_indicator: false,
}

function expected({ id, isExtended = id > 0x7ff, isRemote = false, data = [] }: CanFrameToSend) {
  return { id, isExtended, isRemote, data: Buffer.from(data) }
}
