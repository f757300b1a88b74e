import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { AvrBoard, Qemu, Rp2040Board } from '../../../src/drivers/index.ts'

const examples = new URL('../../../examples/', import.meta.url)

/** A board that runs inside its driver. */
interface ConformanceBoard {
  /** The name of the driver. */
  readonly name: string
  readonly against: string
  readonly create: () => AvrBoard | Rp2040Board
  /** The firmware of an example. */
  readonly firmware: Buffer
  /** The pins of the default lines. */
  readonly pins: { readonly input: string; readonly output: string }
}

/** The boards that run inside their drivers. */
export const simulatedBoards: readonly ConformanceBoard[] = [
  {
    name: 'AvrBoard',
    against: 'avr8js 0.21, an Arduino Uno',
    create: () => new AvrBoard(),
    firmware: readFileSync(new URL('microcontroller/firmware/firmware.hex', examples)),
    pins: { input: 'D13', output: 'D2' },
  },
  {
    name: 'Rp2040Board',
    against: 'rp2040js 1.4, a Raspberry Pi Pico',
    create: () => new Rp2040Board(),
    firmware: readFileSync(new URL('boards/firmware/pico.uf2', examples)),
    pins: { input: 'GP25', output: 'GP15' },
  },
]

/** A micro:bit in QEMU, with the firmware of the example. */
export function createMicrobit(): Qemu {
  const loader = fileURLToPath(new URL('microbit/firmware/firmware.elf', examples))
  const gpio = { button_a: { output: 17, active_low: true }, row: { input: 13 } }
  return new Qemu({ arch: 'arm', machine: 'microbit', loader, gpio })
}
