import { once } from 'node:events'
import { text } from 'node:stream/consumers'

import type * as IntelHex from 'nrf-intel-hex'

import { HardwareError, messageOf } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { Flasher } from '../../interfaces/flasher.ts'
import type { ResourceHandle } from '../../interfaces/resource.ts'
import { Driver } from '../../runtime/driver.ts'
import type { Simulator } from './simulator.ts'

/** ATmega328P data sheet, section 8.1: 32 KiB of flash; erased bytes read as 0xFF. */
const flashBytes = 32 * 1024
const erased = 0xff

/** A program memory without a program. */
export function eraseFlash(): Uint8Array {
  return new Uint8Array(flashBytes).fill(erased)
}

/** Loads the package, which is CommonJS. Its types describe a default export that only bundlers see. */
async function loadMemoryMap(): Promise<typeof IntelHex.default.default> {
  const { default: module } = await import('nrf-intel-hex')
  return module as unknown as typeof IntelHex.default.default
}

/** Writes programs in Intel HEX format into the board's flash, and reads them back. A running board restarts. */
export class AvrFlasher extends Driver implements Implementation<typeof Flasher> {
  static readonly interface = Flasher
  readonly #simulator: Simulator
  #flash = eraseFlash()

  constructor(simulator: Simulator) {
    super()
    this.#simulator = simulator
  }

  async flash(image: ResourceHandle, target?: string | null) {
    onlyFlash(target)
    const flash = await parse(await text(await this.resource(image)))
    await this.#simulator.tell({ type: 'program', flash })
    this.#flash = flash
    this.logger.info(`flashed ${flash.findLastIndex((byte) => byte !== erased) + 1} bytes`)
  }

  async dump(image: ResourceHandle, target?: string | null) {
    onlyFlash(target)
    const MemoryMap = await loadMemoryMap()
    const used = this.#flash.subarray(0, this.#flash.findLastIndex((byte) => byte !== erased) + 1)
    const stream = await this.resource(image)
    stream.end(new MemoryMap(used.length === 0 ? {} : { 0: used }).asHexString())
    await once(stream, 'finish')
  }
}

function onlyFlash(target: string | null | undefined): void {
  if (target === undefined || target === null || target === 'flash') return
  throw new HardwareError('ARGUMENT_INVALID', `This board has no target '${target}'; it has 'flash'`)
}

async function parse(hex: string): Promise<Uint8Array> {
  const MemoryMap = await loadMemoryMap()
  let blocks: Iterable<[number, Uint8Array]>
  try {
    blocks = MemoryMap.fromHex(hex)
  } catch (cause) {
    throw new HardwareError('IMAGE_INVALID', `The image is not Intel HEX: ${messageOf(cause)}`, { cause })
  }
  const flash = eraseFlash()
  let empty = true
  for (const [address, bytes] of blocks) {
    if (address + bytes.length > flashBytes) {
      const end = `0x${(address + bytes.length).toString(16)}`
      throw new HardwareError(
        'IMAGE_INVALID',
        `The image reaches to ${end}; the flash ends at 0x${flashBytes.toString(16)}`,
      )
    }
    flash.set(bytes, address)
    empty = false
  }
  if (empty) throw new HardwareError('IMAGE_INVALID', 'The image has no data')
  return flash
}
