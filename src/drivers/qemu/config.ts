import { findMistakes, isRecord, ruleFor, rules, throwMistakes } from '../../base/check.ts'
import { Mistake } from '../../base/mistake.ts'
import { parseSize } from './size.ts'

/** A port of the board, forwarded to a port of the exporter's machine. The board's driver has a child of that name, which connects to it. */
export interface QemuForward {
  /** A free port of the exporter's machine. */
  readonly hostport: number
  readonly guestport: number
  /** Default `tcp`. */
  readonly protocol?: 'tcp' | 'udp' | undefined
  /** The address at which the exporter's machine listens (default 127.0.0.1, which other machines cannot reach). */
  readonly hostaddr?: string | undefined
}

/** A line of the board's microcontroller. Its direction is the lab's: a LED is an input, and a button is an output. */
export interface QemuLine {
  /** The number of a pin that the lab reads. */
  readonly input?: number | undefined
  /** The number of a pin that the lab drives. */
  readonly output?: number | undefined
  /** True if the line is active when the pin is low (default false). */
  readonly active_low?: boolean | undefined
}

/**
 * The config of {@link Qemu}. Paths are absolute, or relative to the folder in which the exporter runs. The files of disks are never
 * changed: the changes that the board makes are kept in other files until the session ends.
 */
export interface QemuConfig {
  /** The architecture, as in the name of QEMU's program: `arm`, `aarch64`, `x86_64` … (default: the exporter's). */
  readonly arch?: string | undefined
  /**
   * The argument of QEMU's `-machine`: `microbit`, `virt` … (default: Jumpstarter's board, `virt` or `q35`, with a display, a
   * network, 2 processors and 512M).
   */
  readonly machine?: string | undefined
  /** The argument of QEMU's `-cpu`. */
  readonly cpu?: string | undefined
  /** The number of processors. */
  readonly smp?: number | undefined
  /** The size of the memory: `64M`. */
  readonly mem?: string | undefined
  /** The accelerator that runs the instructions (default `tcg`, which works on every machine; `kvm` is faster if the machine has it). */
  readonly accel?: string | undefined
  /** A firmware for `-bios`. */
  readonly bios?: string | undefined
  readonly kernel?: string | undefined
  readonly initrd?: string | undefined
  /** The command line of the kernel. */
  readonly append?: string | undefined
  /** A program in ELF, Intel HEX or raw format that QEMU puts into the memory, as a debug probe does. */
  readonly loader?: string | undefined
  /** Images, raw or qcow2, for more disks than the flashed one. */
  readonly disks?: readonly string[] | undefined
  /** Images for the targets of the flasher that have not been flashed: `root`, `bios`, `OVMF_CODE.fd`, `OVMF_VARS.fd`. */
  readonly default_partitions?: Readonly<Record<string, string>> | undefined
  /** The size of the flashed disk (default: that of its image). Without an image, the disk is empty. */
  readonly disk_size?: string | undefined
  /** The bus of disks and network (default `pci`; early boot loaders may only find `mmio`). */
  readonly virtio_transport?: 'pci' | 'mmio' | undefined
  readonly hostfwd?: Readonly<Record<string, QemuForward>> | undefined
  /** A folder whose files the board can read by TFTP, from 10.0.2.2. */
  readonly tftp?: string | undefined
  /** True if the board cannot reach the exporter's network (default false). */
  readonly restrict?: boolean | undefined
  /** The host name, the user and the user's password that cloud-init sets up in the image. */
  readonly hostname?: string | undefined
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** Lines by name. Only the machine `microbit` has lines. */
  readonly gpio?: Readonly<Record<string, QemuLine>> | undefined
  /** More arguments for QEMU. */
  readonly args?: readonly string[] | undefined
}

/** The targets of the flasher. */
export const partitions = ['root', 'bios', 'OVMF_CODE.fd', 'OVMF_VARS.fd'] as const

/** One of {@link partitions}. */
export type Partition = (typeof partitions)[number]

/** The nRF51 has 32 pins (nRF51 Series Reference Manual, chapter 14). */
const microbitPins = 32

const { optional, text, texts, flag, port, count, object, oneOf } = rules

const size = ruleFor('a size, such as 512M', (value) => typeof value === 'string' && parseSize(value) !== undefined)

const pin = ruleFor(
  `a pin, from 0 to ${microbitPins - 1}`,
  (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) < microbitPins,
)

const program = ruleFor('as in qemu-system-arm', (value) => typeof value === 'string' && /^\w+$/.test(value))

/** The rules for the config, key by key. */
export const qemuRules = {
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

/** The keys of Jumpstarter's driver for images from a registry (`oci://`), and for QEMU in another container. */
export const ignoredQemuConfig = [
  ...['fls_version', 'fls_allow_custom_binaries', 'fls_custom_binary_url', 'flash_timeout', 'launcher_socket'],
]

const forwardRules = {
  hostport: port,
  guestport: port,
  protocol: optional(oneOf('tcp', 'udp')),
  hostaddr: optional(text),
}

const lineRules = { input: optional(pin), output: optional(pin), active_low: optional(flag) }

/** The names of the children that every board has, which no other child can have. */
const ownChildren = ['power', 'console', 'flasher', 'gdb', 'gpio']

/**
 * Checks a config, and leaves out the keys that are `null`.
 *
 * @throws TypeError with all mistakes
 */
export function readQemuConfig(config: QemuConfig): QemuConfig {
  const mistakes = [...findMistakes(config, qemuRules)]
  const { machine, default_partitions, hostfwd, gpio } = config ?? {}
  for (const [name, image] of entries(default_partitions)) {
    const path = ['default_partitions', name]
    if (!isPartition(name)) mistakes.push(new Mistake(path, `is no target; there are ${partitions.join(', ')}`))
    const mistake = text(image)
    if (mistake !== undefined) mistakes.push(new Mistake(path, mistake))
  }
  for (const [name, given] of entries(hostfwd)) {
    const path = ['hostfwd', name]
    if (ownChildren.includes(name)) {
      mistakes.push(new Mistake(path, 'has the name of another child of the board; choose another one'))
    }
    mistakes.push(...findMistakes(given, forwardRules, path))
  }
  if (entries(gpio).length > 0 && machine !== 'microbit') {
    mistakes.push(new Mistake(['gpio'], 'is only there for the machine microbit'))
  }
  const pins = new Map<unknown, string>()
  for (const [name, given] of entries(gpio)) {
    const path = ['gpio', name]
    mistakes.push(...findMistakes(given, lineRules, path))
    const { input, output } = (given ?? {}) as QemuLine
    if ((input === undefined) === (output === undefined)) {
      mistakes.push(new Mistake(path, 'has to have input or output, one of them, with a pin'))
    }
    const number = input ?? output
    const other = pins.get(number)
    if (other !== undefined && number !== undefined) {
      mistakes.push(new Mistake(path, `has pin ${number}, as gpio.${other} has; choose another pin`))
    }
    pins.set(number, name)
  }
  throwMistakes(mistakes)
  return Object.fromEntries(entries(config).filter(([, value]) => value !== null))
}

/** True for a target of the flasher. */
export function isPartition(name: unknown): name is Partition {
  return (partitions as readonly unknown[]).includes(name)
}

function entries(value: unknown): [string, unknown][] {
  return isRecord(value) ? Object.entries(value) : []
}
