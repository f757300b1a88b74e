import { describe } from 'vitest'

import { run } from './run.ts'

describe('Unity', async () => {
  await run('unity', 'unity')
})
describe('ztest', async () => {
  await run('ztest', 'ztest')
})
describe('TAP', async () => {
  await run('tap', 'tap')
})
describe('libtest', async () => {
  await run('libtest', 'libtest')
})
