import { expect, test } from 'vitest'

import { tagsOf } from '../../../src/leases/controller/tags.ts'

test('a lease says what it is for, in what a label can have', () => {
  const github = { GITHUB_REPOSITORY: 'acme/firmware', GITHUB_RUN_ID: '42' }
  expect(tagsOf(github, '/home/me/app/test/boot.test.ts')).toEqual({
    repository: 'acme-firmware',
    run: '42',
    file: 'home-me-app-test-boot.test.ts',
  })
  expect(tagsOf({ CI_PIPELINE_ID: '7', CI_PROJECT_PATH: '' }, undefined)).toEqual({ run: '7' })
  const long = tagsOf({}, `/${'x'.repeat(60)}/boot.test.ts`)['file'] ?? ''
  expect(long).toMatch(/^x+-boot\.test\.ts$/)
  expect(long).toHaveLength(63)
})
