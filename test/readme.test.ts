import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

test('the test in the README is one that runs', () => {
  expect(read('README.md')).toContain(`\`\`\`ts\n${read('examples/microcontroller/test/sum.test.ts')}\`\`\``)
})
