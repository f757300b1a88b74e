import { describeDigitalInput, describeDigitalOutput } from '../../src/conformance/index.ts'
import { missingCommand } from '../support/system-part.ts'
import { createAvrBoard, createMicrobit } from './support/boards.ts'

const uno = { against: 'avr8js 0.21, an Arduino Uno' }
const microbit = { against: 'QEMU, a micro:bit', skip: missingCommand('qemu-system-arm') }
const lacks = { interrupt: 'the board is simulated' }
const noFirmware = { ...lacks, drive: 'the firmware drives the line' }

describeDigitalOutput('AvrBoard', () => ({ driver: createAvrBoard() }), { ...uno, path: 'gpio.D2', lacks })
describeDigitalOutput('Qemu', () => ({ driver: createMicrobit() }), { ...microbit, path: 'gpio.button_a', lacks })
describeDigitalInput('AvrBoard', () => ({ driver: createAvrBoard() }), { ...uno, path: 'gpio.D13', lacks: noFirmware })
describeDigitalInput('Qemu', () => ({ driver: createMicrobit() }), { ...microbit, path: 'gpio.row', lacks: noFirmware })
