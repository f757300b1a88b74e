import { beforeEach, describe, expect, test } from 'vitest'

import { ExporterSlot } from '../../src/broker/exporter-slot.ts'
import { FileLeases } from '../../src/broker/file-leases.ts'
import { RunPool } from '../../src/broker/run-pool.ts'
import { HardwareError } from '../../src/errors.ts'
import { describeFileWait } from '../../src/leases/describe-event.ts'
import type { RunEvent } from '../../src/leases/run-event.ts'
import { FakeExporter } from '../support/fake-exporter.ts'

const owner = { pid: 7, command: 'vitest run', since: 0 }

let events: RunEvent[]
let waits: string[]
let blocked: number
let losses: string[]
let leases: FileLeases
let uno: FakeExporter
let due: FakeExporter

beforeEach(() => {
  events = []
  waits = []
  losses = []
  blocked = 0
  uno = new FakeExporter('uno')
  due = new FakeExporter('due')
  leases = new FileLeases({
    name: 'a.test.ts',
    request: { type: 'acquire', file: '/app/a.test.ts', roles: {} },
    emit: (event) => events.push(event),
    waiting: (wait) => waits.push(describeFileWait(wait)),
    blocked: () => blocked++,
    lost: (slot, error) => losses.push(`${slot.name}: ${error.message}`),
  })
})

/** Takes a slot of an exporter for each role. */
function take(roles: Readonly<Record<string, FakeExporter>>): ExporterSlot[] {
  const pool = new RunPool([])
  const allocation = new Map(Object.entries(roles).map(([role, exporter]) => [role, new ExporterSlot(exporter, pool)]))
  leases.take(allocation)
  return [...allocation.values()]
}
const release = () => leases.release(() => false)

test('exporters are reserved in one order, leased, and given back', async () => {
  const slots = take({ dut: uno, peer: due })
  expect(slots.map(({ holder }) => holder?.name)).toEqual(['a.test.ts', 'a.test.ts'])
  const order: string[] = []
  uno.reserving = async () => void order.push('uno')
  due.reserving = async () => void order.push('due')
  const { grants, failures, heldByOtherProcess } = await leases.lease()
  expect(order, 'by the keys of the exporters').toEqual(['due', 'uno'])
  expect(grants).toEqual({
    dut: { granted: true, exporter: 'uno', endpoint: { address: '/uno' }, reportsEnd: true },
    peer: { granted: true, exporter: 'due', endpoint: { address: '/due' }, reportsEnd: true },
  })
  expect([failures, heldByOtherProcess]).toEqual([[], false])
  expect(leases.releaseTimeoutMs).toBe(7)
  expect(leases.heldMs).toBeGreaterThanOrEqual(0)
  expect(waits.at(-1)).toBe('a session of exporter uno, exporter due is being opened')

  expect(await release()).toEqual(new Map())
  expect(uno.events).toEqual(['reserve', 'lease', 'release', 'free'])
  expect(slots.map(({ holder }) => holder)).toEqual([undefined, undefined])
  expect(events.map((event) => event.type)).toEqual([
    'sessionStarted',
    'sessionStarted',
    'sessionEnded',
    'sessionEnded',
  ])
})

describe('another process that holds an exporter', () => {
  /** Reports another process, and waits until the file gives up or `goOn` settles. */
  const held = (goOn: Promise<void>) => async (options: Parameters<FakeExporter['reserve']>[0]) => {
    options?.signal?.throwIfAborted()
    const gaveUp = new Promise((_, reject) =>
      options?.signal?.addEventListener('abort', () => reject(new Error('aborted'))),
    )
    options?.waiting?.({ type: 'process', process: owner })
    await Promise.race([goOn, gaveUp])
  }

  test('is not waited for the first time', async () => {
    const [slot] = take({ dut: uno }) as [ExporterSlot]
    uno.reserving = held(new Promise(() => undefined))
    expect(await leases.lease()).toEqual({ grants: {}, failures: [], heldByOtherProcess: true })
    expect(leases.reservations.otherProcessHolding(slot)).toEqual(owner)
    expect(blocked).toBe(0)
    await release()

    leases.take(new Map([['dut', slot]]))
    uno.reserving = held(Promise.resolve())
    expect((await leases.lease()).grants).toHaveProperty('dut')
    expect(waits).toContainEqual(expect.stringContaining('exporter uno is held by vitest run (process 7)'))
    expect(blocked).toBe(1)
  })

  test('is not waited for any more when the file has ended', async () => {
    const [slot] = take({ dut: uno }) as [ExporterSlot]
    uno.reserving = held(new Promise(() => undefined))
    await leases.lease()
    await release()
    leases.take(new Map([['dut', slot]]))
    const leased = leases.lease()
    leases.end()
    expect((await leased).failures).toHaveLength(1)
    expect(leases.ended).toBe(true)
  })
})

describe('an exporter that cannot be leased', () => {
  test('is a failure, after which the others are not waited for', async () => {
    take({ dut: uno, peer: due })
    due.reserving = () => Promise.reject(new HardwareError('EXPORTER_FAILED', 'no answer'))
    const { grants, failures } = await leases.lease()
    expect(grants).toEqual({})
    expect(failures).toMatchObject([
      {
        role: 'peer',
        isFinal: false,
        error: {
          code: 'EXPORTER_FAILED',
          message: 'Exporter due could not be leased: no answer',
          details: { role: 'peer', exporter: 'due' },
        },
      },
    ])
    expect(uno.events).toEqual([])
  })

  test('for good does not take the other roles with it', async () => {
    take({ dut: uno, peer: due })
    due.reserving = () => Promise.reject(new HardwareError('MODULE_MISSING', 'install serialport'))
    const { grants, failures } = await leases.lease()
    expect(Object.keys(grants)).toEqual(['dut'])
    expect(failures).toMatchObject([{ role: 'peer', isFinal: true }])
  })

  test('because it is the same device as another one is named with the remedy', async () => {
    take({ dut: uno, peer: new FakeExporter('again', {}, 'uno') })
    const { failures } = await leases.lease()
    expect(failures[0]?.error.message).toContain('are the same device (one file, or one `lock`)')
    expect(failures[0]?.isFinal).toBe(true)
  })

  test('because its session does not open is a failure, too', async () => {
    take({ dut: uno })
    uno.leased = () => Promise.reject(new Error('no such device'))
    const { failures } = await leases.lease()
    expect(failures).toMatchObject([
      { error: { code: 'EXPORTER_FAILED', message: expect.stringContaining('no such') } },
    ])
  })
})

test('problems of the clean-up are returned, and the slot is given back nevertheless', async () => {
  const [slot] = take({ dut: uno }) as [ExporterSlot]
  await leases.lease()
  uno.problem = new Error('relay stuck')
  expect([...(await release())]).toEqual([[slot, 'relay stuck']])
  expect(slot.holder).toBeUndefined()
  expect(uno.events.at(-1)).toBe('free')
  expect(events.at(-1)).toMatchObject({ type: 'sessionEnded', exporter: 'uno', problem: 'relay stuck' })
})

test('an exporter that ends is reported, and the work that a worker left', async () => {
  expect(await leases.unfinishedWork()).toBeUndefined()
  take({ dut: uno })
  await leases.lease()
  uno.lost.abort(new HardwareError('EXPORTER_FAILED', 'SIGKILL'))
  expect(losses).toEqual(['uno: SIGKILL'])
  expect(await leases.unfinishedWork()).toEqual({
    type: 'tests',
    exporters: [{ exporter: 'uno', activity: undefined }],
  })
  leases.end()
  expect(await leases.unfinishedWork()).toEqual({ type: 'cleanup', exporters: ['uno'] })
})
