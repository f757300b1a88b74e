/** RP2040 Datasheet, section 2.8.1.3.1: the second stage of the boot, the first bytes of the flash, ends with its checksum. */
export const bootStageBytes = 256
const checkedBytes = bootStageBytes - 4

/** Calculates the checksum of the second stage of the boot: CRC-32 of the same section, neither reflected nor inverted at the end. */
export function bootStageChecksum(flash: Uint8Array): number {
  let checksum = 0xffff_ffff
  for (const byte of flash.subarray(0, checkedBytes)) {
    checksum ^= byte << 24
    for (let bit = 0; bit < 8; bit++) checksum = (checksum << 1) ^ (checksum < 0 ? 0x04c1_1db7 : 0)
  }
  return checksum >>> 0
}

/** True if the boot ROM would start the program in a flash. */
export function isBootable(flash: Uint8Array): boolean {
  const stored = new DataView(flash.buffer, flash.byteOffset).getUint32(checkedBytes, true)
  return stored === bootStageChecksum(flash)
}
