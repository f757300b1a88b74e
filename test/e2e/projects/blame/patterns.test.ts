import { expect, needs } from 'vitest-hardware'
import { PowerClient, SerialClient } from 'vitest-hardware/clients'

const test = needs({ dut: { selector: 'bench=steady', drivers: { console: SerialClient, power: PowerClient } } })
const soon = { timeoutMs: 200 }

test('other case', async ({ dut }) => {
  await dut.console.send('Login: \n')
  await dut.console.expect('login: ', soon)
})

test('anchor', async ({ dut }) => {
  await dut.console.send('boot: version 1.2\n')
  await dut.console.expect(/^version/, soon)
})

test('gone past', async ({ dut }) => {
  await dut.console.send('first second\n')
  await dut.console.expect('second')
  await dut.console.expect('first', soon)
})

test('not again after a restart', async ({ dut }) => {
  await dut.console.send('login:\n')
  await dut.console.expect('login:\n')
  await dut.power.on()
  await dut.console.expect('login:\n', soon)
})

test('cut line', async ({ dut }) => {
  await dut.console.send('\nKernel pan\n')
  await dut.console.expect('Kernel booted', soon)
})

test('value of the board', async ({ dut }) => {
  await dut.console.send('version 1.2.3\n')
  const { captures } = await dut.console.expect(/version (\S+)\n/)
  expect(captures[0]).toBe('1.2.4')
})

test('value of the test', async ({ dut }) => {
  await dut.power.on()
  expect([1, 2].length).toBe(3)
})

test('outlives its test', { timeout: 300 }, async ({ dut }) => {
  await dut.console.expect('never', { timeoutMs: 10_000 })
})

test('waits for itself', { timeout: 300 }, async ({ dut }) => {
  await dut.power.on()
  await new Promise(() => {})
})
