import { writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { test } from 'vitest'

test('needs nothing', () => {
  writeFileSync(`${basename(import.meta.filename, '.test.ts')}.done`, '')
})
