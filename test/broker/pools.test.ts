import { describe, expect, test } from 'vitest'

import { ControllerPool } from '../../src/broker/controller-pool.ts'
import type { ExporterPool, PoolContext } from '../../src/broker/exporter-pool.ts'
import { ExporterPools } from '../../src/broker/exporter-pools.ts'
import type { ExporterSlot } from '../../src/broker/exporter-slot.ts'
import type { LeaseRequest } from '../../src/broker/messages.ts'
import { type ExporterSource, RunPool } from '../../src/broker/run-pool.ts'
import type { RunEvent } from '../../src/leases/run-event.ts'
import { FakeExporter } from '../support/fake-exporter.ts'

/** Opens a pool. @returns its events, without the times */
function open(pool: Pick<ExporterPool, 'open'>, options: Partial<PoolContext> = {}) {
  const events: object[] = []
  const emit = (event: RunEvent) => {
    const { durationMs: _, ...facts } = { durationMs: 0, ...event }
    events.push(facts)
  }
  const folder = Promise.resolve({ path: '/run' } as Awaited<PoolContext['folder']>)
  pool.open({ folder, emit, idleTimeoutMs: undefined, changed: () => undefined, ...options })
  return events
}

const source = (exporter: FakeExporter, start: Promise<unknown> = Promise.resolve()): ExporterSource => ({
  name: exporter.name,
  start: async () => {
    await start
    return exporter
  },
})
const names = (slots: readonly ExporterSlot[]) => slots.map(({ name }) => name)

describe('the exporters of the run', () => {
  /** Opens a pool with exporters that start at once. */
  async function started(exporters: readonly FakeExporter[], options: Partial<PoolContext> = {}) {
    const pool = new RunPool(exporters.map((exporter) => source(exporter)))
    const events = open(pool, options)
    await expect.poll(() => pool.settled).toBe(true)
    return { pool, events }
  }

  test('are in the order of the options, however they start', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const pool = new RunPool([source(new FakeExporter('slow'), promise), source(new FakeExporter('fast'))])
    let changes = 0
    const events = open(pool, { changed: () => changes++ })
    await expect.poll(() => names(pool.slots)).toEqual(['fast'])
    expect(pool.settled).toBe(false)
    resolve()
    await expect.poll(() => pool.settled).toBe(true)
    expect(names(pool.slots)).toEqual(['slow', 'fast'])
    expect(changes, 'one for each exporter, and one for all').toBe(3)
    expect(events).toEqual([
      { type: 'exporterStarted', exporter: 'fast' },
      { type: 'exporterStarted', exporter: 'slow' },
    ])
  })

  test('that do not start are reported, and the others go on', async () => {
    const broken = { name: 'broken', start: () => Promise.reject(new Error('no file')) }
    const pool = new RunPool([broken, source(new FakeExporter('uno'))])
    const events = open(pool)
    await expect.poll(() => pool.settled).toBe(true)
    expect(pool.failures).toEqual([{ exporter: 'broken', sentence: 'exporter broken: no file' }])
    expect(names(pool.slots)).toEqual(['uno'])
    expect(events).toContainEqual({ type: 'exporterNotStarted', exporter: 'broken', reason: 'no file' })
  })

  test('get one more chance, and are then removed', async () => {
    const { pool, events } = await started([new FakeExporter('uno'), new FakeExporter('due')])
    const [uno] = pool.slots as [ExporterSlot, ExporterSlot]
    pool.leaseFailed(uno, 'no answer')
    expect(names(pool.slots)).toEqual(['uno', 'due'])
    pool.exporterFailed(uno, 'it ended')
    expect(names(pool.slots)).toEqual(['due'])
    pool.exporterFailed(uno, 'its clean-up failed')
    const failed = { type: 'exporterFailed', exporter: 'uno' }
    expect(events.slice(2)).toEqual([
      { ...failed, reason: 'no answer', consequence: 'kept' },
      { ...failed, reason: 'it ended', consequence: 'removed' },
    ])
    const sentence = 'exporter uno has failed twice, and is taken out of this run: it ended'
    expect(pool.failures).toEqual([{ exporter: 'uno', sentence }])
  })

  test('are given back after each file, and kept in watch mode unless they were removed', async () => {
    const uno = new FakeExporter('uno')
    const run = await started([uno])
    await run.pool.giveBack(run.pool.slots[0] as ExporterSlot)
    expect(uno.events).toEqual(['free'])

    const due = new FakeExporter('due')
    const watch = await started([due], { idleTimeoutMs: 60_000 })
    const [slot] = watch.pool.slots as [ExporterSlot]
    await watch.pool.giveBack(slot)
    expect(due.events).toEqual([])
    watch.pool.exporterFailed(slot, 'it ended')
    watch.pool.exporterFailed(slot, 'it ended')
    await watch.pool.giveBack(slot)
    expect(due.events).toEqual(['free'])
  })

  test('are all there is, have no limit in a group, and fail for good only for some errors', async () => {
    const { pool } = await started([new FakeExporter('uno')])
    expect(pool.slotFor()).toBeUndefined()
    expect(pool.maxWaitMs()).toBeUndefined()
    expect(pool.renewsFor()).toBe(false)
    expect(pool.isFinal('MODULE_MISSING')).toBe(true)
    expect(pool.isFinal('EXPORTER_FAILED')).toBe(false)
  })

  test('are closed with the run, also those that start late, and their problems are collected', async () => {
    const late = new FakeExporter('late')
    const bad = new FakeExporter('bad')
    bad.close = () => Promise.reject(new Error('it hangs'))
    const { promise, resolve } = Promise.withResolvers<void>()
    const pool = new RunPool([source(late, promise), source(bad)])
    open(pool)
    const closed = pool.close()
    resolve()
    expect(await closed).toEqual(['it hangs'])
    expect(late.events).toEqual(['close'])
  })
})

describe('the exporters of a controller', () => {
  function create(lease: 'file' | 'run', options: Partial<PoolContext> = {}) {
    const exporters: FakeExporter[] = []
    const exporter = (selector: string) => {
      const made = new FakeExporter(`exporter of ${selector}`)
      exporters.push(made)
      return made
    }
    const pool = new ControllerPool({ exporter, lease })
    return { pool, exporters, events: open(pool, options) }
  }
  const request = (avoid: readonly string[]): LeaseRequest => ({ type: 'acquire', file: '/a', roles: {}, avoid })

  test('are leased for one file, which alone has the slot', async () => {
    const { pool, exporters } = create('file')
    const slot = pool.slotFor('board=uno')
    expect(names(pool.slots)).toEqual([])
    expect(pool.renewsFor(slot, request([slot.name]))).toBe(false)
    await pool.giveBack(slot, false)
    await pool.close()
    expect(exporters[0]?.events, 'a slot that was given back is not closed').toEqual(['free'])
  })

  test('are leased for the run, and go to the next file', async () => {
    const { pool, exporters } = create('run')
    const slot = pool.slotFor('board=uno')
    await pool.giveBack(slot, false)
    expect(names(pool.slots)).toEqual(['exporter of board=uno'])
    expect(pool.renewsFor(slot, request([])), 'the lease is kept').toBe(false)
    expect(pool.renewsFor(slot, request([slot.name])), 'after a failure it is not').toBe(true)
    expect(exporters[0]?.events).toEqual([])
    await pool.giveBack(slot, true)
    expect(exporters[0]?.events, 'others wait for it').toEqual(['free'])
    await pool.close()
    expect(exporters[0]?.events).toEqual(['free', 'close'])
  })

  test('that fail are the business of the controller', () => {
    const { pool, events } = create('run')
    const slot = pool.slotFor('board=uno')
    pool.leaseFailed()
    pool.exporterFailed(slot, 'it ended')
    expect(names(pool.slots)).toEqual([slot.name])
    const facts = { type: 'exporterFailed', exporter: slot.name, reason: 'it ended', consequence: 'notOurs' }
    expect(events).toEqual([facts])
    expect(pool.isFinal('LEASE_TIMEOUT'), 'the limit of a group').toBe(false)
    expect(pool.isFinal('CONNECTION_FAILED'), 'the controller has tried others').toBe(true)
  })

  test('are waited for with a limit in a group, so that two runs do not hold what the other needs', () => {
    const { pool } = create('file')
    expect(pool.maxWaitMs(false)).toBeUndefined()
    const limitMs = pool.maxWaitMs(true)
    expect(limitMs).toBeGreaterThanOrEqual(10_000)
    expect(limitMs).toBeLessThanOrEqual(20_000)
  })
})

describe('all pools', () => {
  test('have the slots of all; those that have failed come last', async () => {
    const own = new RunPool([source(new FakeExporter('uno')), source(new FakeExporter('due'))])
    const controller = new ControllerPool({ exporter: (selector) => new FakeExporter(selector), lease: 'run' })
    const pools = new ExporterPools([own, controller])
    open(pools)
    expect(pools.settled).toBe(false)
    const { exporters } = await pools.whenSettled
    expect(exporters.map(({ exporter }) => exporter.name)).toEqual(['uno', 'due'])
    expect(pools.slotFor('mega')?.name).toBe('mega')
    own.exporterFailed(own.slots[0] as ExporterSlot, 'it ended')
    expect(names(pools.slots)).toEqual(['due', 'mega', 'uno'])
    expect(await pools.close()).toEqual([])
  })

  test('without a controller have no other exporters', () => {
    expect(new ExporterPools([new RunPool([])]).slotFor('board=uno')).toBeUndefined()
  })
})
