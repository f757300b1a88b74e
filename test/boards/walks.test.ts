import { test } from 'vitest'

import { takeWalks } from './random-walks.ts'

test('on walks with faults, the state is never another one than the truth', { timeout: 60_000 }, async () => {
  await takeWalks(60, 1)
})
