import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'

import { Cleanups } from '../../base/cleanups.ts'
import { HardwareError } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { QemuMachine } from '../../interfaces/qemu.ts'
import type { ResourceHandle } from '../../interfaces/resource.ts'
import { callSignal } from '../../runtime/call.ts'
import { CompositeDriver } from '../../runtime/composite-driver.ts'
import { Driver } from '../../runtime/driver.ts'
import { TcpNetwork } from '../network/socket-network.ts'
import { UdpNetwork } from '../network/udp-network.ts'
import { SimulatedInput, SimulatedOutput } from '../simulated-lines.ts'
import { VirtualConsole } from '../virtual-console.ts'
import { QemuBoard, identity } from './board.ts'
import {
  ignoredQemuConfig,
  type QemuConfig,
  type QemuForward,
  type QemuLine,
  qemuRules,
  readQemuConfig,
} from './config.ts'
import { QemuFlasher } from './flasher.ts'
import { GdbSocket } from './gdb-socket.ts'
import { GdbNetwork } from './gdb-network.ts'
import { QemuPower } from './power.ts'
import { parseSize } from './size.ts'

/**
 * A board in QEMU: power, console, flasher, network, snapshots, and the pins of a micro:bit. The board starts without power. QEMU
 * runs while the board is on, and never longer than the exporter.
 *
 * Its children are `power`, `console`, `flasher`, `gdb` (a debugger's connection), one for each entry of `hostfwd`, and
 * `gpio` where lines are configured.
 *
 * @example
 * ```yaml
 * export:
 *   board:
 *     type: jumpstarter_driver_qemu.driver.Qemu
 *     config:
 *       arch: arm
 *       machine: microbit
 *       loader: firmware/firmware.elf
 *       gpio:
 *         button_a: { output: 17, active_low: true }
 *         led: { input: 13 }
 * ```
 */
export class Qemu extends Driver implements Implementation<typeof QemuMachine> {
  static readonly interface = QemuMachine
  static readonly configRules = qemuRules
  static readonly ignoredConfig = ignoredQemuConfig
  /** For the type of the client. */
  declare readonly ['constructor']: typeof Qemu
  override readonly children: {
    readonly power: QemuPower
    readonly console: VirtualConsole
    readonly flasher: QemuFlasher
    readonly gdb: GdbNetwork
    readonly [name: string]: Driver
  }
  readonly #board: QemuBoard
  readonly #gdb: GdbSocket

  /** @throws TypeError with all mistakes of the config */
  constructor(config: QemuConfig = {}) {
    super()
    const board = new QemuBoard(readQemuConfig(config), {
      log: this.logger,
      environment: () => this.childEnvironment(),
    })
    this.#board = board
    this.#gdb = new GdbSocket(board, this.logger)
    const { hostfwd = {}, gpio } = board.config
    this.children = {
      power: new QemuPower(board),
      console: new VirtualConsole(() => board.machine),
      flasher: new QemuFlasher(board),
      gdb: new GdbNetwork(this.#gdb),
      ...(gpio === undefined ? {} : { gpio: createLines(board, gpio) }),
      ...Object.fromEntries(Object.entries(hostfwd).map(([name, forward]) => [name, createNetwork(forward)])),
    }
  }

  override async reset() {
    await this.#board.open()
    await this.#gdb.open()
  }

  override async close() {
    const cleanups = new Cleanups()
    cleanups.add('close of the board', () => this.#board.close(), 'self-limited')
    cleanups.add('close of the socket for debuggers', () => this.#gdb.close())
    await cleanups.run()
  }

  getHostname() {
    return identity(this.#board.config).hostname
  }

  getUsername() {
    return identity(this.#board.config).username
  }

  getPassword() {
    return identity(this.#board.config).password
  }

  setDiskSize(size: string) {
    this.#board.disks.size = checkSize(size)
  }

  setMemorySize(size: string) {
    this.#board.mem = checkSize(size)
  }

  async status() {
    const { running } = this.#board.machine
    if (running === undefined) return 'off'
    return ((await running.qmp.execute('query-status')) as { status: string }).status
  }

  systemReset() {
    return this.#board.machine.inTurn(() => this.#board.reset())
  }

  pause() {
    const { machine } = this.#board
    return machine.inTurn(async () => void (await machine.requireRunning().qmp.execute('stop')))
  }

  resume() {
    const { machine } = this.#board
    return machine.inTurn(async () => {
      const { qmp, uartWakeup } = machine.requireRunning()
      await qmp.execute('cont')
      uartWakeup.start()
    })
  }

  saveSnapshot(name: string) {
    return this.#board.machine.inTurn(() => this.#board.saveSnapshot(name))
  }

  loadSnapshot(name: string) {
    return this.#board.machine.inTurn(() => this.#board.loadSnapshot(name))
  }

  listSnapshots() {
    return this.#board.snapshots.list
  }

  deleteSnapshot(name: string) {
    return this.#board.machine.inTurn(() => this.#board.deleteSnapshot(name))
  }

  async screenshot(image: ResourceHandle) {
    const { qmp } = this.#board.machine.requireRunning()
    const file = this.#board.disks.newFile()
    try {
      await qmp.execute('screendump', { filename: file, format: 'png' })
      await pipeline(createReadStream(file), await this.resource(image), { signal: callSignal() })
    } finally {
      await rm(file, { force: true })
    }
  }

  gdbSocket() {
    return this.#gdb.path
  }
}

function createLines(board: QemuBoard, lines: Readonly<Record<string, QemuLine>>): CompositeDriver {
  return new CompositeDriver(
    Object.fromEntries(
      Object.entries(lines).map(([name, { input, output, active_low: activeLow = false }]) => {
        const options = { pins: board.pins, pin: String(input ?? output), activeLow }
        return [name, input === undefined ? new SimulatedOutput(options) : new SimulatedInput(options)] as const
      }),
    ),
  )
}

function createNetwork({ protocol, hostaddr: host = '127.0.0.1', hostport: port }: QemuForward): Driver {
  return protocol === 'udp' ? new UdpNetwork({ host, port }) : new TcpNetwork({ host, port })
}

function checkSize(size: string): string {
  if (typeof size === 'string' && parseSize(size) !== undefined) return size
  throw new HardwareError('ARGUMENT_INVALID', `${JSON.stringify(size)} is not a size such as 512M or 20G`)
}
