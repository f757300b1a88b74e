import { test } from 'vitest'

import { leaveStreams } from '../support/left-streams.ts'

test('1500 loops that are left, and 100 streams that are left in each other way, break neither the connection nor a console', async () => {
  await leaveStreams(1_500, 100)
}, 60_000)
