import { describe } from 'vitest'

import { run } from './run.ts'

describe('hang', async () => {
  await run('hang', 'ztest', 2_000)
})
describe('panic', async () => {
  await run('panic', 'libtest')
})
describe('reset', async () => {
  await run('reset', 'ztest')
})
describe('noise', async () => {
  await run('noise', 'unity')
})
describe('short', async () => {
  await run('short', 'tap', 2_000)
})
describe('twice', async () => {
  await run('twice', 'unity')
})
describe('quiet', async () => {
  await run('quiet', 'tap', 2_000)
})
