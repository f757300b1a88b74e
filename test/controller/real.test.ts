import { describe } from 'vitest'

import { reasonAgainstReal, realFleet } from './support/environment.ts'
import { testFleet } from './support/test-fleet.ts'

describe.skipIf(reasonAgainstReal() !== undefined)("Jumpstarter's own controller", () => {
  testFleet(realFleet())
})
