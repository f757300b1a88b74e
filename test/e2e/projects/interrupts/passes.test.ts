import { test } from './hardware.ts'

test('passes', async ({ cleaned }) => {
  await cleaned.mark('passes')
})
