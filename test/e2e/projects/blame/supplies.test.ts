import { needs } from 'vitest-hardware'
import { PowerClient, SerialClient } from 'vitest-hardware/clients'

const drivers = { console: SerialClient, power: PowerClient }
const test = needs({ dead: { selector: 'bench=dead', drivers }, sagging: { selector: 'bench=sagging', drivers } })
const soon = { timeoutMs: 200 }

test('brown-out', async ({ sagging }) => {
  await sagging.power.on()
  for await (const { voltage } of sagging.power.read()) void voltage
  await sagging.console.expect('login: ', soon)
})

test('switched off', async ({ sagging }) => {
  await sagging.power.off()
  await sagging.console.expect('login: ', soon)
})

test('no power', async ({ dead }) => {
  await dead.power.on()
  await dead.console.expect('login: ', soon)
})
