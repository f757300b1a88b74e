import { expect, test } from 'vitest'

import { leaseTags } from '../../../src/leases/controller/lease-tags.ts'

test('the tags of a lease have only characters that labels can have', () => {
  const github = { GITHUB_REPOSITORY: 'acme/firmware', GITHUB_RUN_ID: '42' }
  expect(leaseTags(github, 'test/boot.test.ts')).toEqual({
    tags: { repository: 'acme-firmware', run: '42', file: 'test-boot.test.ts' },
    context: { repository: 'acme/firmware', run: '42', file: 'test/boot.test.ts' },
  })
  expect(leaseTags({ CI_PIPELINE_ID: '7', CI_PROJECT_PATH: '' }, undefined).tags).toEqual({ run: '7' })
  const { tags, context } = leaseTags({}, `/${'x'.repeat(60)}/boot.test.ts`)
  expect(tags['file']).toMatch(/^x+-boot\.test\.ts$/)
  expect(tags['file']).toHaveLength(63)
  expect(context['file']).toHaveLength(64)
})
