import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** U-Boot for QEMU, where Debian's package u-boot-qemu has it. */
export const ubootFile = '/usr/lib/u-boot/qemu_arm64/u-boot.bin'

const ours = (file: string) => fileURLToPath(new URL(file, import.meta.url))

/** What an exporter's drivers lead to. */
export interface Surroundings {
  /** A folder for its storage and its files. */
  readonly folder: string
  /** A pseudo terminal that sends back what it gets. */
  readonly serialPort: string
  /** Ports and a socket on which everything is sent back. */
  readonly tcpPort: number
  readonly udpPort: number
  readonly unixSocket: string
  /** Further entries of an exporter's file, such as drivers of devices that not every test needs. */
  readonly entries?: string | undefined
  /** Ports on which nobody listens yet. */
  readonly tftpPort: number
  readonly httpPort: number
}

/** The part of an exporter's file that both exporters have drivers for, in the same words. */
function commonEntries(surroundings: Surroundings): string {
  const { folder, serialPort, tcpPort, udpPort, unixSocket, tftpPort, httpPort } = surroundings
  return `
  power:
    type: jumpstarter_driver_power.driver.MockPower
    description: Power of the board under test
    methods_description:
      "on": Let there be power
      cycle: Off and on again
  bench:
    children:
      supply: { type: jumpstarter_driver_power.driver.MockPower }
      same: { ref: power }
      deeper:
        children:
          echo: { type: jumpstarter_driver_network.driver.EchoNetwork }
          through: { ref: bench.supply }
  loop: { type: jumpstarter_driver_pyserial.driver.PySerial, config: { url: "loop://" } }
  serial: { type: jumpstarter_driver_pyserial.driver.PySerial, config: { url: ${serialPort}, baudrate: 9600 } }
  tcp: { type: jumpstarter_driver_network.driver.TcpNetwork, config: { host: 127.0.0.1, port: ${tcpPort} } }
  hidden:
    type: jumpstarter_driver_network.driver.TcpNetwork
    config: { host: 127.0.0.1, port: ${tcpPort}, enable_address: false }
  udp: { type: jumpstarter_driver_network.driver.UdpNetwork, config: { host: 127.0.0.1, port: ${udpPort} } }
  socket: { type: jumpstarter_driver_network.driver.UnixNetwork, config: { path: ${unixSocket} } }
  shell:
    type: jumpstarter_driver_shell.driver.Shell
    config:
      methods:
        greet: { command: 'echo "hello $1"; echo "$WHO" >&2; exit 3', description: Greet somebody }
        fast: "printf ok"
        slow: { command: "sleep 60", timeout: 1 }
  storage:
    type: jumpstarter_driver_opendal.driver.Opendal
    config: { scheme: fs, kwargs: { root: ${join(folder, 'storage')} } }
  tftp:
    type: jumpstarter_driver_tftp.driver.Tftp
    config: { root_dir: ${join(folder, 'tftp')}, host: 127.0.0.1, port: ${tftpPort} }
  http:
    type: jumpstarter_driver_http.driver.HttpServer
    config: { root_dir: ${join(folder, 'http')}, host: 127.0.0.1, port: ${httpPort} }
  flasher: { type: jumpstarter_driver_opendal.driver.MockFlasher }
  mux: { type: jumpstarter_driver_opendal.driver.MockStorageMux }
  card: { type: jumpstarter_driver_opendal.driver.MockStorageMuxFlasher }
`
}

/** A board that both simulate, though not with the same children. */
const qemu = `
  qemu:
    type: jumpstarter_driver_qemu.driver.Qemu
    config:
      arch: aarch64
      hostname: board
      mem: 256M
      smp: 1
      default_partitions: { bios: ${ubootFile} }
`

/** Entries that each exporter has drivers of its own for. */
const ownEntries = {
  theirs: `${qemu}
  probe: { type: interop_drivers.Probe }
  hashing: { type: interop_drivers.HashingFlasher }
  virtual: { type: interop_drivers.VirtualPower }
  output: { type: interop_drivers.OutputPin }
  input: { type: interop_drivers.InputPin }
`,
  ours: `${qemu}
  probe: { type: "${ours('./drivers.ts')}#Probe" }
  hashing: { type: "${ours('./drivers.ts')}#HashingFlasher" }
  board:
    type: vitest-hardware/drivers#AvrBoard
    description: A simulated Arduino Uno
    config: { inputs: [D13], outputs: [D2] }
`,
} as const

/** Writes the file of an exporter. @returns its path */
export function writeExporterFile(
  surroundings: Surroundings,
  side: keyof typeof ownEntries | 'common',
  more = '',
): string {
  const path = join(surroundings.folder, `${side}.yaml`)
  const head = `apiVersion: jumpstarter.dev/v1alpha1
kind: ExporterConfig
metadata: { namespace: default, name: interop }
${more}
export:`
  writeFileSync(
    path,
    head + commonEntries(surroundings) + (surroundings.entries ?? '') + (side === 'common' ? '' : ownEntries[side]),
  )
  return path
}
