import { expect, test } from 'vitest'

import { judgePower } from '../../src/evidence/judge-power.ts'
import type { PowerState } from '../../src/recording/power-state.ts'

const on: PowerState = { name: 'dut.power', isOn: true, voltage: 3.3, current: 0.1, highestVoltage: 3.3 }
const off: PowerState = { ...on, isOn: false, voltage: undefined, current: undefined }

test.each([
  ['as it was', [on], undefined],
  ['not read', [{ ...on, voltage: undefined }], undefined],
  ['neither switched nor read', [], undefined],
  ['on without voltage', [{ ...on, voltage: 0.02 }], { origin: 'lab', fact: 'dut.power is on and gives 0.02 V' }],
  ['lower', [{ ...on, voltage: 2.1 }], { origin: 'board', fact: 'dut.power gives 2.1 V, and gave 3.3 V before' }],
  ['a little lower', [{ ...on, voltage: 3.1 }], undefined],
  ['off', [off], { origin: 'test', fact: 'dut.power is off' }],
  ['one of two off', [off, { ...on, name: 'dut.backup' }], undefined],
  [
    'one of two dead',
    [on, { ...on, name: 'dut.io', voltage: 0 }],
    { origin: 'lab', fact: 'dut.io is on and gives 0 V' },
  ],
])('supplies that are %s', (_how, states, judgement) => {
  expect(judgePower(states)).toEqual(judgement)
})
