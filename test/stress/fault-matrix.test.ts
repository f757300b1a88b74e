import { phases } from '../faults/support/matrix.ts'
import { testFaults } from '../faults/support/scenarios.ts'

testFaults(() => phases)
