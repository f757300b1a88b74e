import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { AvrBoard, Qemu } from '../../../src/drivers/index.ts'

/** The firmware of the example for an Arduino Uno, in Intel HEX. */
export const avrFirmware = readFileSync(
  new URL('../../../examples/microcontroller/firmware/firmware.hex', import.meta.url),
)

/** A simulated Arduino Uno. */
export function createAvrBoard(): AvrBoard {
  return new AvrBoard()
}

/** A micro:bit in QEMU, with the firmware of the example. */
export function createMicrobit(): Qemu {
  const loader = fileURLToPath(new URL('../../../examples/microbit/firmware/firmware.elf', import.meta.url))
  const gpio = { button_a: { output: 17, active_low: true }, row: { input: 13 } }
  return new Qemu({ arch: 'arm', machine: 'microbit', loader, gpio })
}
