import { describePower } from '../../src/conformance/index.ts'
import { MockPower } from '../../src/drivers/index.ts'
import { missingCommand } from '../support/system-part.ts'
import { createMicrobit, simulatedBoards } from './support/boards.ts'

describePower('MockPower', () => ({ driver: new MockPower() }), {
  against: 'no device: the driver simulates it',
  lacks: { interrupt: 'there is no device that could go away' },
})

for (const { name, against, create } of simulatedBoards) {
  describePower(name, () => ({ driver: create() }), {
    against,
    path: 'power',
    lacks: { read: 'a simulated board draws no current', interrupt: 'the board runs inside the driver' },
  })
}

describePower('Qemu', () => ({ driver: createMicrobit() }), {
  against: 'QEMU, a micro:bit',
  path: 'power',
  skip: missingCommand('qemu-system-arm'),
  lacks: { read: 'a simulated board draws no current', interrupt: 'the driver itself starts and ends QEMU' },
})
