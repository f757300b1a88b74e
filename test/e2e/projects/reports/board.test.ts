import { expect, needs } from 'vitest-hardware'
import { PowerClient, SerialClient } from 'vitest-hardware/clients'

const test = needs({ receiver: { drivers: { board: { console: SerialClient }, power: PowerClient } } })
/** Roles of another call have the same record of the test. */
needs({ sender: { drivers: { power: PowerClient } } })

test('passes', async ({ receiver }) => {
  await receiver.power.on()
})

test('waits', async ({ receiver }) => {
  await receiver.board.console.expect('never', { timeoutMs: 100 })
})

test('matches', async ({ receiver }) => {
  await expect(receiver.board.console).toPrint('never', { timeoutMs: 100 })
})

test('calls', async ({ receiver }) => {
  await receiver.power.call('explode' as 'on')
})

test('compares', async ({ receiver }) => {
  await receiver.power.off()
  expect(1).toBe(2)
})
