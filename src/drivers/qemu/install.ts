/** The packages of Debian and Ubuntu that have the QEMU of one architecture. */
const packages: ReadonlyMap<string, string> = new Map([
  ['aarch64', 'qemu-system-arm'],
  ['arm', 'qemu-system-arm'],
  ['i386', 'qemu-system-x86'],
  ['x86_64', 'qemu-system-x86'],
])

/** Says how to install a QEMU. @param program `qemu-system-arm` */
export function installQemu(program: string): string {
  const known = packages.get(program.replace('qemu-system-', ''))
  // The package qemu-system has all of them.
  return known === undefined ? 'apt install qemu-system, or correct arch' : `apt install ${known}`
}
