import { setTimeout as delay } from 'node:timers/promises'

import { beforeEach, expect, test } from 'vitest'

import { ExporterSlot } from '../../src/broker/exporter-slot.ts'
import { RunPool } from '../../src/broker/run-pool.ts'
import { FakeExporter } from '../support/fake-exporter.ts'

const file = { name: 'a.test.ts' }

let exporter: FakeExporter
let slot: ExporterSlot

beforeEach(() => {
  exporter = new FakeExporter('uno')
  slot = new ExporterSlot(exporter, new RunPool([]))
})

test('one file has the slot at a time', () => {
  slot.take(file)
  expect(slot.holder).toBe(file)
  expect(() => slot.take({ name: 'b.test.ts' })).toThrow('b.test.ts cannot take uno: a.test.ts has it')
  slot.release({ name: 'b.test.ts' })
  expect(slot.holder, 'another file does not release it').toBe(file)
  slot.release(file)
  expect(slot.holder).toBeUndefined()
})

test('failures are counted', () => {
  expect([slot.failures, slot.fail(), slot.fail(), slot.failures]).toEqual([0, 1, 2, 2])
})

test('a slot that no file uses is freed after some time', async () => {
  await slot.reserve({})
  const start = performance.now()
  slot.keepIdle(100)
  expect(exporter.events).toEqual(['reserve'])
  await expect.poll(() => exporter.events).toEqual(['reserve', 'free'])
  expect(performance.now() - start).toBeGreaterThanOrEqual(90)
})

test('a slot is kept for the rest of the run, until somebody needs it', async () => {
  slot.keepIdle(Infinity)
  await delay(50)
  expect(exporter.events).toEqual([])
  slot.freeIfIdle()
  expect(exporter.events).toEqual(['free'])
})

test('a slot that a file has reserved is neither idle nor freed', async () => {
  slot.keepIdle(20)
  await slot.reserve({})
  slot.freeIfIdle()
  await delay(60)
  expect(exporter.events).toEqual(['reserve'])
})

test('a reservation waits for the end of the previous one', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  exporter.freed = promise
  slot.keepIdle(Infinity)
  slot.freeIfIdle()
  const reserved = slot.reserve({})
  await Promise.resolve()
  expect(exporter.events).toEqual(['free'])
  resolve()
  await reserved
  expect(exporter.events).toEqual(['free', 'reserve'])
})

test('a problem of the exporter is thrown by free(), and does not stop the next reservation', async () => {
  exporter.freed = Promise.reject(new Error('the controller is away'))
  await expect(slot.free()).rejects.toThrow('the controller is away')
  await slot.reserve({})
})

test('close() ends the idle time', async () => {
  slot.keepIdle(20)
  await slot.close()
  await delay(60)
  expect(exporter.events).toEqual(['close'])
})
