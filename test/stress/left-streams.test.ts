import { test } from 'vitest'

import { leaveStreams } from '../support/left-streams.ts'
import { scaled } from './support/scaled.ts'

const times = scaled(2_000)

test(`streams that are left early, ${times} times in each way, break neither the connection nor the console on it`, async () => {
  await leaveStreams(times)
})
