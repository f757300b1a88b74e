import { describe } from 'vitest'

import { startDoubleFleet } from './support/double-fleet.ts'
import { testFleet } from './support/test-fleet.ts'

describe('the double', () => {
  testFleet({ name: 'the double', start: startDoubleFleet, downTimesMs: [2_000] })
})
