import { descriptors } from './process.ts'
import type { QemuConfig } from './config.ts'
import { parseSize } from './size.ts'

/** A disk that QEMU opens. */
export interface DiskFile {
  /** The name in QEMU's block layer. */
  readonly node: string
  /** A qcow2 image. */
  readonly file: string
}

/** The files and sizes of the command line that are not in the config. */
export interface BoardFiles {
  /** The disk from which the board boots. */
  readonly root: DiskFile | undefined
  readonly disks: readonly DiskFile[]
  readonly bios: string | undefined
  readonly ovmfCode: string | undefined
  readonly ovmfVars: string | undefined
  /** The image in which snapshots keep the memory, if there are snapshots. */
  readonly snapshots: DiskFile | undefined
  /** A folder that cloud-init reads. */
  readonly cloudInit: string | undefined
  /** The size of the memory (default: the machine's). */
  readonly mem: string | undefined
}

/** The machines and processors of boards whose config names no machine. */
const defaults: ReadonlyMap<string, { readonly machine: string; readonly cpu?: string }> = new Map([
  ['aarch64', { machine: 'virt', cpu: 'cortex-a57' }],
  ['arm', { machine: 'virt', cpu: 'cortex-a15' }],
  ['riscv64', { machine: 'virt' }],
  ['x86_64', { machine: 'q35', cpu: 'qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt' }],
])

/** QEMU's name of the architecture that the exporter's machine has. */
const hostArch = process.arch === 'x64' ? 'x86_64' : process.arch === 'arm64' ? 'aarch64' : process.arch

/**
 * Makes the command that starts a board. The processor is stopped at first, and only the connections of this driver are attached.
 * No shell reads the arguments.
 */
export function commandLine(config: QemuConfig, files: BoardFiles): [string, ...string[]] {
  const { arch = hostArch, machine, accel = 'tcg', virtio_transport: transport } = config
  const { kernel, initrd, append, loader, args = [] } = config
  const device = (kind: string) => `virtio-${kind}-${transport === 'mmio' ? 'device' : 'pci'}`
  const cpu = config.cpu ?? (machine === undefined ? defaults.get(arch)?.cpu : undefined)
  const smp = config.smp ?? (machine === undefined ? 2 : undefined)
  return [
    `qemu-system-${arch}`,
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-S', '-accel', accel],
    ...['-machine', machine ?? defaults.get(arch)?.machine ?? 'virt'],
    ...option('-cpu', cpu),
    ...option('-smp', smp === undefined ? undefined : String(smp)),
    ...option('-m', files.mem === undefined ? undefined : `${Math.ceil((parseSize(files.mem) ?? 0) / 1024 ** 2)}M`),
    ...connections(machine === 'microbit'),
    ...option('-bios', files.bios),
    ...option('-kernel', kernel),
    ...option('-initrd', initrd),
    ...option('-append', append),
    ...option('-device', loader === undefined ? undefined : `loader,file=${escape(loader)}`),
    ...pflash(files),
    ...(files.root === undefined ? [] : disk(files.root, `${device('blk')},bootindex=1`)),
    ...files.disks.flatMap((other) => disk(other, device('blk'))),
    ...(files.snapshots === undefined ? [] : ['-blockdev', blockdev(files.snapshots)]),
    ...cloudInit(files.cloudInit, device('blk')),
    ...network(config, `${device('net')}${transport === 'mmio' ? '' : ',romfile='}`),
    ...(machine === undefined ? ['-device', device('gpu')] : []),
    ...args,
  ]
}

/** Makes the JSON of a qcow2 image for `-blockdev` and `blockdev-add`. */
export function blockdev({ node, file }: DiskFile): string {
  return JSON.stringify({ driver: 'qcow2', 'node-name': node, file: { driver: 'file', filename: file } })
}

function connections(hasGpio: boolean): string[] {
  const socket = (id: keyof typeof descriptors) => ['-chardev', `socket,id=${id},fd=${descriptors[id]}`]
  return [
    ...[...socket('serial'), '-serial', 'chardev:serial'],
    ...[...socket('qmp'), '-mon', 'chardev=qmp,mode=control'],
    ...(hasGpio ? [...socket('qtest'), '-qtest', 'chardev:qtest', '-qtest-log', 'none'] : []),
  ]
}

function pflash({ ovmfCode, ovmfVars }: BoardFiles): string[] {
  if (ovmfCode === undefined || ovmfVars === undefined) return []
  return [
    ...['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${escape(ovmfCode)}`],
    ...['-drive', `if=pflash,format=raw,unit=1,snapshot=on,file=${escape(ovmfVars)}`],
  ]
}

function disk(file: DiskFile, device: string): string[] {
  const [kind, ...properties] = device.split(',')
  return ['-blockdev', blockdev(file), '-device', [kind, `drive=${file.node}`, ...properties].join(',')]
}

/** A small FAT file system with the label that cloud-init looks for. */
function cloudInit(folder: string | undefined, device: string): string[] {
  if (folder === undefined) return []
  const drive = { driver: 'vvfat', 'node-name': 'cidata', 'read-only': true, dir: folder, label: 'CIDATA' }
  return ['-blockdev', JSON.stringify(drive), '-device', `${device},drive=cidata`]
}

/** @param device a device without the boot code of a PCI card, because not every QEMU has that file */
function network({ machine, hostfwd, tftp, restrict }: QemuConfig, device: string): string[] {
  if (machine !== undefined && hostfwd === undefined && tftp === undefined && restrict === undefined) return []
  const forwards = Object.values(hostfwd ?? {}).map(
    ({ protocol = 'tcp', hostaddr = '127.0.0.1', hostport, guestport }) =>
      `hostfwd=${protocol}:${escape(hostaddr)}:${hostport}-:${guestport}`,
  )
  const options = [
    ...(tftp === undefined ? [] : [`tftp=${escape(tftp)}`]),
    ...(restrict === true ? ['restrict=on'] : []),
    ...forwards,
  ]
  return ['-netdev', ['user', 'id=network', ...options].join(','), '-device', `${device},netdev=network`]
}

function option(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [name, value]
}

/** A comma ends a value; two of them are one comma (QEMU, "Standard options"). */
function escape(value: string): string {
  return value.replaceAll(',', ',,')
}
