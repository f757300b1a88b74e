import { describeDigitalInput, describeDigitalOutput } from '../../src/conformance/index.ts'
import { missingCommand } from '../support/system-part.ts'
import { createMicrobit, simulatedBoards } from './support/boards.ts'

const lacks = { interrupt: 'the board is simulated' }
const noFirmware = { ...lacks, drive: 'the firmware drives the line' }

for (const { name, against, create, pins } of simulatedBoards) {
  const createTested = () => ({ driver: create() })
  describeDigitalOutput(name, createTested, { against, path: `gpio.${pins.output}`, lacks })
  describeDigitalInput(name, createTested, { against, path: `gpio.${pins.input}`, lacks: noFirmware })
}

const microbit = { against: 'QEMU, a micro:bit', skip: missingCommand('qemu-system-arm') }
describeDigitalOutput('Qemu', () => ({ driver: createMicrobit() }), { ...microbit, path: 'gpio.button_a', lacks })
describeDigitalInput('Qemu', () => ({ driver: createMicrobit() }), { ...microbit, path: 'gpio.row', lacks: noFirmware })
