import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'vitest'

test('takes long', { timeout: 60_000 }, async () => {
  await delay(30_000)
})
