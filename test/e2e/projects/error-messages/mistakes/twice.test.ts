import { needs } from 'vitest-hardware'
import { PowerClient } from 'vitest-hardware/clients'

const test = needs({
  a: { selector: 'board=uno', drivers: { power: PowerClient } },
  b: { selector: 'board=uno', drivers: { power: PowerClient } },
})

test('only one of two', async ({ a }) => {
  await a.power.on()
})

test('the other', async ({ b }) => {
  await b.power.on()
})
