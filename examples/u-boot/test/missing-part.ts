import { existsSync } from 'node:fs'

/** What this machine lacks for a board with U-Boot that loads files by TFTP; undefined when it has all. */
export function missingPart(): string | undefined {
  if (!existsSync('/usr/lib/u-boot/qemu_arm64/u-boot.bin')) return "Debian's packages qemu-system-arm and u-boot-qemu"
  if (process.getuid?.() !== 0) return 'the right to serve TFTP at port 69, which only root has'
  return undefined
}
