import { existsSync } from 'node:fs'

import { hasLinuxImages } from '../../../scripts/make-linux-images.ts'

/** What this machine lacks for a board on which U-Boot starts Linux by TFTP; undefined when it has all. */
export function missingPart(): string | undefined {
  if (!existsSync('/usr/lib/u-boot/qemu_arm64/u-boot.bin')) return "Debian's packages qemu-system-arm and u-boot-qemu"
  if (!hasLinuxImages()) return 'the small Linux that scripts/make-linux-images.ts makes'
  if (process.getuid?.() !== 0) return 'the right to serve TFTP at port 69, which only root has'
  return undefined
}
