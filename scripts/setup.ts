/**
 * Installs the parts of the system that some tests need and npm cannot bring, where this is Debian or Ubuntu and we may:
 * elsewhere the tests that need them are skipped, and say so. With CI set, a part that cannot be had is an error.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

import { downloadDriverWheels, hasDriverWheels } from './driver-drift/wheels.ts'
import { hasLinuxImages, makeLinuxImages } from './make-linux-images.ts'
import { findPython, hasPythonEnvironment, makePythonEnvironment } from './python-environment.ts'

interface Part {
  readonly name: string
  /** The Debian packages that have it. */
  readonly packages: readonly string[]
  /** The tests that need it. */
  readonly for: string
  has(): boolean
}

const succeeds = (command: string, ...args: string[]) =>
  spawnSync(command, args, { stdio: 'ignore' }).error === undefined
const run = (command: string, ...args: string[]) =>
  spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0

const command = (name: string, packages: readonly string[], purpose: string, probe = '--version'): Part => ({
  name,
  packages,
  for: purpose,
  has: () => succeeds(name, probe),
})

const parts: readonly Part[] = [
  command('avr-gcc', ['gcc-avr', 'avr-libc'], 'comparing the committed firmware with its source'),
  command('xz', ['xz-utils'], 'flashing xz images'),
  command('bzip2', ['bzip2'], 'flashing bzip2 images'),
  command('zstd', ['zstd'], 'flashing zstd images'),
  command('curl', ['curl'], 'getting files from the TFTP and HTTP servers'),
  command('tftp', ['tftp-hpa'], 'getting files from the TFTP server in netascii'),
  command('atftp', ['atftp'], 'getting files from the TFTP server in windows'),
  command('openssl', ['openssl'], 'connections with TLS', 'version'),
  command('socat', ['socat'], 'serial ports on pseudo terminals', '-V'),
  command('qemu-system-aarch64', ['qemu-system-arm'], 'boards that QEMU simulates'),
  command('qemu-img', ['qemu-utils'], 'disks and saved states of boards that QEMU simulates'),
  command('gdbserver', ['gdbserver'], 'debuggers of processes'),
  command('avrdude', ['avrdude'], 'flashing AVR chips', '-?'),
  command('stm32flash', ['stm32flash'], 'flashing STM32 chips', '-h'),
  command('dfu-util', ['dfu-util'], 'flashing by USB DFU'),
  command('openocd', ['openocd'], 'flashing through debug probes'),
  command('fastboot', ['fastboot'], 'flashing by fastboot'),
  command('snmpd', ['snmpd', 'snmp'], 'power outlets that speak SNMP', '-v'),
  command('mosquitto', ['mosquitto'], 'Tasmota plugs', '-h'),
  command('ipmitool', ['ipmitool'], 'power by IPMI', '-V'),
  command('ipmi_sim', ['openipmi'], 'power by IPMI', '-h'),
  command('/usr/sbin/upsd', ['nut-server', 'nut-client'], 'power outlets of Network UPS Tools', '-V'),
  command('ser2net', ['ser2net'], 'serial ports by RFC 2217', '-v'),
  command('/usr/sbin/sshd', ['openssh-server', 'openssh-client'], 'hosts with SSH', '-V'),
  command('dbus-daemon', ['dbus'], 'D-Bus networks'),
  command('chromium', ['chromium'], "pages in Vitest's HTML report"),
  command('dockerd', ['docker.io', 'iptables', 'busybox-static'], 'boards in containers'),
  {
    name: "QEMU's network boot ROMs",
    packages: ['ipxe-qemu'],
    for: "Jumpstarter's own QEMU driver",
    has: () => existsSync('/usr/lib/ipxe/qemu/efi-virtio.rom'),
  },
  {
    name: "U-Boot's images for QEMU",
    packages: ['u-boot-qemu'],
    for: "U-Boot's shell",
    has: () => existsSync('/usr/lib/u-boot/qemu_arm64/u-boot.bin'),
  },
  {
    name: 'python3 (3.11 or newer, with venv)',
    packages: ['python3', 'python3-venv'],
    for: "interoperability with Jumpstarter's Python",
    has: () => findPython() !== undefined,
  },
]

const missing = parts.filter((part) => !part.has())
if (missing.length > 0 && succeeds('apt-get', '--version')) {
  const packages = missing.flatMap((part) => part.packages)
  const install = ['apt-get', 'install', '--yes', '--no-install-recommends', ...packages]
  // Nobody is asked for a password in the middle of a test run.
  const prefix = process.getuid?.() === 0 ? [] : ['sudo', '--non-interactive']
  const asRoot = ([program = '', ...args]: string[]) => run(program, ...args)
  if (prefix.length === 0 || succeeds('sudo', '--version')) {
    console.log(`installing ${packages.join(', ')}`)
    if (asRoot([...prefix, 'apt-get', 'update'])) asRoot([...prefix, ...install])
  }
}

for (const part of parts) {
  if (part.has()) continue
  console.log(`${part.name} is not installed (Debian: ${part.packages.join(' ')}): no tests of ${part.for}`)
  if (process.env['CI']) process.exitCode = 1
}

const python = findPython()
if (python !== undefined && !hasPythonEnvironment()) {
  console.log("making a Python environment with Jumpstarter's packages, once; this takes a minute")
  if (!makePythonEnvironment(python)) {
    console.log("the Python environment cannot be made: no tests of interoperability with Jumpstarter's Python")
    if (process.env['CI']) process.exitCode = 1
  }
}

if (hasPythonEnvironment() && !hasDriverWheels() && !downloadDriverWheels()) {
  console.log("the packages of Jumpstarter's drivers cannot be downloaded: no comparison with their methods")
  if (process.env['CI']) process.exitCode = 1
}

if (!hasLinuxImages()) {
  console.log('making a small Linux for QEMU, once; this takes some seconds')
  const reason = makeLinuxImages()
  if (reason !== undefined) {
    console.log(`the small Linux cannot be made: no tests of Linux on a board (${reason})`)
    if (process.env['CI']) process.exitCode = 1
  }
}
