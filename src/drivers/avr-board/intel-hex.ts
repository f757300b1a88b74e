import type * as IntelHex from 'nrf-intel-hex'

import { HardwareError, messageOf } from '../../errors.ts'
import type { ImageFormat } from '../simulated-board/flasher.ts'
import { erased } from '../simulated-board/simulator.ts'

/** Images in Intel HEX format. Each replaces the whole content of the flash, as a programmer does. */
export const intelHexFormat: ImageFormat = {
  write: async (image, flash) => parse(image.toString(), flash.length),
  async read(flash) {
    const MemoryMap = await loadMemoryMap()
    const used = flash.subarray(0, flash.findLastIndex((byte) => byte !== erased) + 1)
    return new MemoryMap(used.length === 0 ? {} : { 0: used }).asHexString()
  },
}

/** Loads the package, which is CommonJS. Its types describe a default export that only bundlers see. */
async function loadMemoryMap(): Promise<typeof IntelHex.default.default> {
  const { default: module } = await import('nrf-intel-hex')
  return module as unknown as typeof IntelHex.default.default
}

async function parse(hex: string, flashBytes: number): Promise<Uint8Array> {
  const MemoryMap = await loadMemoryMap()
  let blocks: Iterable<[number, Uint8Array]>
  try {
    blocks = MemoryMap.fromHex(hex)
  } catch (cause) {
    throw new HardwareError('IMAGE_INVALID', `The image is not Intel HEX: ${messageOf(cause)}`, { cause })
  }
  const flash = new Uint8Array(flashBytes).fill(erased)
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
