import { test } from 'vitest'

import { takeWalks } from '../boards/random-walks.ts'
import { scaled } from './support/scaled.ts'

/** At least as many as it takes to see every end. */
const walks = Math.max(60, scaled(1_000))

test(`on ${walks} random walks with faults, the state is never another one than the truth`, async () => {
  await takeWalks(walks)
})
