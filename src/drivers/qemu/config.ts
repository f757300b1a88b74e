import { type ConfigRule, findMistakes, rules } from '../check-config.ts'
import { parseSize } from './size.ts'

/** A port of the board that is reached at a port of the exporter's machine, and a child of that name that connects to it. */
export interface QemuForward {
  /** At the exporter's machine; it has to be free. */
  readonly hostport: number
  readonly guestport: number
  /** Default `tcp`. */
  readonly protocol?: 'tcp' | 'udp'
  /** Where the exporter's machine listens (default 127.0.0.1, which only it reaches). */
  readonly hostaddr?: string
}

/** A line of the board's microcontroller. Its direction is the lab's: a LED is an input, a button an output. */
export interface QemuLine {
  /** The number of a pin that the lab reads. */
  readonly input?: number
  /** The number of a pin that the lab drives. */
  readonly output?: number
  /** Whether the line is active when the pin is low (default false). */
  readonly active_low?: boolean
}

/**
 * What {@link Qemu} is configured with. Paths are absolute, or relative to the folder that the exporter runs in. Files of
 * disks are never written: what the board changes is kept for the session.
 */
export interface QemuConfig {
  /** The architecture, as in the name of QEMU's program: `arm`, `aarch64`, `x86_64` … (default: the exporter's). */
  readonly arch?: string
  /**
   * What QEMU's `-machine` takes: `microbit`, `virt` … Without one the board is upstream's: `virt` or `q35`, with a display,
   * a network, 2 processors and 512M.
   */
  readonly machine?: string
  /** What QEMU's `-cpu` takes. */
  readonly cpu?: string
  /** How many processors. */
  readonly smp?: number
  /** How much memory: `64M`. */
  readonly mem?: string
  /** What runs the instructions (default `tcg`, which is everywhere; `kvm` is fast where it works). */
  readonly accel?: string
  /** A firmware for `-bios`. */
  readonly bios?: string
  readonly kernel?: string
  readonly initrd?: string
  /** The command line of the kernel. */
  readonly append?: string
  /** A program in ELF, Intel HEX or raw format that is put into the memory, as a debug probe does it. */
  readonly loader?: string
  /** Images, raw or qcow2, for disks besides the one that is flashed. */
  readonly disks?: readonly string[]
  /** Images for the targets of the flasher that have not been flashed: `root`, `bios`, `OVMF_CODE.fd`, `OVMF_VARS.fd`. */
  readonly default_partitions?: Readonly<Record<string, string>>
  /** How large the flashed disk is (default: as its image). Without an image, an empty disk. */
  readonly disk_size?: string
  /** How disks and network are attached (default `pci`; early boot loaders may only find `mmio`). */
  readonly virtio_transport?: 'pci' | 'mmio'
  readonly hostfwd?: Readonly<Record<string, QemuForward>>
  /** A folder whose files the board gets by TFTP, from 10.0.2.2. */
  readonly tftp?: string
  /** Whether the board is kept from the exporter's network (default false). */
  readonly restrict?: boolean
  /** What the image's cloud-init makes of the board: its name, and a user with a password. */
  readonly hostname?: string
  readonly username?: string
  readonly password?: string
  /** Lines by name; only of the machine `microbit`. */
  readonly gpio?: Readonly<Record<string, QemuLine>>
  /** More arguments for QEMU. */
  readonly args?: readonly string[]
}

/** What the flasher can write. */
export const partitions = ['root', 'bios', 'OVMF_CODE.fd', 'OVMF_VARS.fd'] as const

/** One of {@link partitions}. */
export type Partition = (typeof partitions)[number]

/** The nRF51 has 32 pins (nRF51 Series Reference Manual, chapter 14). */
const microbitPins = 32

const { optional, text, texts, flag, port, count } = rules

const size: ConfigRule = (value) =>
  text(value) ??
  (parseSize(String(value)) === undefined ? `is ${JSON.stringify(value)}; it has to be a size, as 512M` : undefined)

const object: ConfigRule = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? undefined
    : `is ${JSON.stringify(value)}; it has to be an object`

const oneOf =
  (...values: readonly string[]): ConfigRule =>
  (value) =>
    values.includes(String(value)) ? undefined : `is ${JSON.stringify(value)}; it can be ${values.join(' or ')}`

const pin: ConfigRule = (value) =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) < microbitPins
    ? undefined
    : `is ${JSON.stringify(value)}; it has to be a pin, from 0 to ${microbitPins - 1}`

const program: ConfigRule = (value) =>
  text(value) ??
  (/^\w+$/.test(String(value)) ? undefined : `is ${JSON.stringify(value)}; it has to be as in qemu-system-arm`)

const known = {
  arch: optional(program),
  machine: optional(text),
  cpu: optional(text),
  smp: optional(count),
  mem: optional(size),
  accel: optional(text),
  bios: optional(text),
  kernel: optional(text),
  initrd: optional(text),
  append: optional(text),
  loader: optional(text),
  disks: optional(texts),
  default_partitions: optional(object),
  disk_size: optional(size),
  virtio_transport: optional(oneOf('pci', 'mmio')),
  hostfwd: optional(object),
  tftp: optional(text),
  restrict: optional(flag),
  hostname: optional(text),
  username: optional(text),
  password: optional(text),
  gpio: optional(object),
  args: optional(texts),
}

/** The names of the children that every board has, which no other child can have. */
const ownChildren = ['power', 'console', 'flasher', 'gdb', 'gpio']

/**
 * Checks a config, and leaves out what is `null` in YAML.
 *
 * @throws TypeError with all mistakes
 */
export function readQemuConfig(config: QemuConfig): QemuConfig {
  const mistakes = [...findMistakes(config, known)]
  const { machine, default_partitions, hostfwd, gpio } = config ?? {}
  for (const [name, image] of entries(default_partitions)) {
    if (!isPartition(name)) mistakes.push(`default_partitions has no '${name}'; it can have ${partitions.join(', ')}`)
    const mistake = text(image)
    if (mistake !== undefined) mistakes.push(`default_partitions.${name} ${mistake}`)
  }
  const forward = {
    hostport: port,
    guestport: port,
    protocol: optional(oneOf('tcp', 'udp')),
    hostaddr: optional(text),
  }
  for (const [name, given] of entries(hostfwd)) {
    if (ownChildren.includes(name)) mistakes.push(`hostfwd.${name} has the name of another child of the board`)
    mistakes.push(...findMistakes(given, forward, `hostfwd.${name}.`))
  }
  if (entries(gpio).length > 0 && machine !== 'microbit') mistakes.push('gpio is only there for the machine microbit')
  const pins = new Map<unknown, string>()
  for (const [name, given] of entries(gpio)) {
    const place = `gpio.${name}.`
    mistakes.push(
      ...findMistakes(given, { input: optional(pin), output: optional(pin), active_low: optional(flag) }, place),
    )
    const { input, output } = (given ?? {}) as QemuLine
    if ((input === undefined) === (output === undefined))
      mistakes.push(`${place}input or output, one of them, has to be a pin`)
    const number = input ?? output
    const other = pins.get(number)
    if (other !== undefined && number !== undefined)
      mistakes.push(`gpio.${name} has pin ${number}, as gpio.${other} has`)
    pins.set(number, name)
  }
  if (mistakes.length > 0) throw new TypeError(mistakes.join('; '))
  return Object.fromEntries(entries(config).filter(([, value]) => value !== null))
}

/** Whether there is such a part for the flasher to write. */
export function isPartition(name: unknown): name is Partition {
  return (partitions as readonly unknown[]).includes(name)
}

function entries(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []
}
