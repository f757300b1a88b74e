import { expect, test } from 'vitest'

import { factsOf } from '../../../src/leases/controller/facts.ts'

test('a lease says what it is for, in what a label can have', () => {
  const github = { GITHUB_REPOSITORY: 'acme/firmware', GITHUB_RUN_ID: '42' }
  expect(factsOf(github, 'test/boot.test.ts')).toEqual({
    tags: { repository: 'acme-firmware', run: '42', file: 'test-boot.test.ts' },
    context: { repository: 'acme/firmware', run: '42', file: 'test/boot.test.ts' },
  })
  expect(factsOf({ CI_PIPELINE_ID: '7', CI_PROJECT_PATH: '' }, undefined).tags).toEqual({ run: '7' })
  const { tags, context } = factsOf({}, `/${'x'.repeat(60)}/boot.test.ts`)
  expect(tags['file']).toMatch(/^x+-boot\.test\.ts$/)
  expect(tags['file']).toHaveLength(63)
  expect(context['file']).toHaveLength(64)
})
