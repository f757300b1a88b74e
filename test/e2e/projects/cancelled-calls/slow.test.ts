import { expect, needs } from 'vitest-hardware'
import { FlasherClient } from 'vitest-hardware/clients'
import { Slow } from './slow.ts'

const test = needs({ dut: { drivers: { slow: Slow, flasher: FlasherClient } } })

const callTimeout = process.env['CALL_TIMEOUT_MS']
const limits = { timeoutMs: callTimeout === undefined ? undefined : Number(callTimeout) }

test.afterEach(async ({ dut }) => {
  await dut.slow.undo()
})

test('work', { timeout: 1_000 }, async ({ dut }) => {
  await dut.slow.with(limits).work()
})

test('count', { timeout: 1_000 }, async ({ dut }) => {
  for await (const one of dut.slow.with(limits).count()) expect(one).toBe(1)
})

test('flash', { timeout: 1_000 }, async ({ dut }) => {
  await dut.flasher.with(limits).flash(Buffer.alloc(1_000_000))
})
