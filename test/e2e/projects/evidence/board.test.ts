import { expect, needs, step } from 'vitest-hardware'
import { PowerClient, SerialClient } from 'vitest-hardware/clients'

const test = needs({ dut: { drivers: { board: { console: SerialClient }, power: PowerClient } } })

/** Not as one text, which Vitest shows as the source of a failed line. */
const secret = ['hunter', '2'].join('')

test('boots', async ({ dut }) => {
  await step('switches on', async () => {
    await dut.power.on()
  })
  await dut.board.console.secret(secret)
  await dut.board.console.sendLine('version 1.2.3')
  const { captures } = await dut.board.console.expect(/version (\S+)/)
  await dut.board.console.expect(`login: ${secret}`, { timeoutMs: 100 }).catch(() => undefined)
  expect(captures[0]).toBe('1.2.4')
})

test('passes', async ({ dut }) => {
  await dut.power.off()
})

test.describe('in a suite', () => {
  test.beforeAll(async ({ dut }) => {
    await dut.power.on()
    await dut.board.console.expect('never', { timeoutMs: 100 })
  })
  test('is not reached', () => {})
})
