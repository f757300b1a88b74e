import { buffer } from 'node:stream/consumers'
import { PassThrough } from 'node:stream'

import { QemuMachine, type QemuSnapshot } from '../../interfaces/qemu.ts'
import { DriverClient } from '../driver-client.ts'
import { receiveFile } from '../files.ts'
import { DebugProbeClient } from './debug-probe-client.ts'
import type { FlasherClient } from './flasher-client.ts'
import type { NetworkClient } from './network-client.ts'
import type { SerialClient } from './serial-client.ts'
import type { VirtualPowerClient } from './virtual-power-client.ts'

/**
 * A board that QEMU simulates. The drivers that every such board has are properties. The others are in `children`, or are
 * declared in `needs()`.
 *
 * @example
 * ```ts
 * await using board = await serve(new Qemu({ arch: 'arm', machine: 'microbit', loader: 'firmware.elf' }))
 * await board.attach()
 * await board.power.on()
 * await board.console.expect('> ')
 * await board.saveSnapshot('ready')
 * ```
 */
export class QemuClient extends DriverClient<typeof QemuMachine> {
  static readonly interface = QemuMachine
  /** Shared with the objects that `with()` makes. */
  private readonly debugger: { probe?: DebugProbeClient } = {}

  get power(): VirtualPowerClient {
    return this.children['power'] as VirtualPowerClient
  }

  get console(): SerialClient {
    return this.children['console'] as SerialClient
  }

  get flasher(): FlasherClient {
    return this.children['flasher'] as FlasherClient
  }

  /** The connection of a debugger, in gdb's remote protocol: `gdb.forwardTcp()` gives gdb a port of this machine. */
  get gdb(): NetworkClient {
    return this.children['gdb'] as NetworkClient
  }

  /** A debugger on that connection, which stops the board on first use. */
  get probe(): DebugProbeClient {
    this.debugger.probe ??= new DebugProbeClient(this.gdb.node)
    return this.debugger.probe
  }

  /** Begins to read the console. A console that cannot be opened yet, because the board is off, is opened on first use. */
  override async attach(): Promise<void> {
    await this.children['console']?.attach().catch(() => undefined)
  }

  /** Reads the state: `off`, or QEMU's name of it, such as `running` or `paused`. */
  status(): Promise<string> {
    return this.call('status')
  }

  /**
   * Presses the reset button: processor and devices start anew, and the memory keeps its content.
   *
   * @throws HardwareError NOT_READY while the board is off
   */
  async reset(): Promise<void> {
    await this.call('systemReset')
  }

  /**
   * Stops the time of the board.
   *
   * @throws HardwareError NOT_READY while the board is off
   */
  async pause(): Promise<void> {
    await this.call('pause')
  }

  /** Lets the time of the board go on. */
  async resume(): Promise<void> {
    await this.call('resume')
  }

  /**
   * Saves the state of the board, with its memory and disks, for this session. An earlier snapshot of that name is replaced.
   *
   * @throws HardwareError NOT_READY while the board is off, CALL_FAILED for a board whose devices cannot be saved
   */
  async saveSnapshot(name: string): Promise<void> {
    await this.call('saveSnapshot', name)
  }

  /**
   * Brings the board back to a saved state. A board that is off is switched on. The lines that the lab drives keep their levels.
   *
   * @throws HardwareError ARGUMENT_INVALID when no snapshot has that name
   */
  async loadSnapshot(name: string): Promise<void> {
    await this.call('loadSnapshot', name)
  }

  listSnapshots(): Promise<QemuSnapshot[]> {
    return this.call('listSnapshots')
  }

  /** @throws HardwareError ARGUMENT_INVALID when no snapshot has that name, NOT_READY while the board is off */
  async deleteSnapshot(name: string): Promise<void> {
    await this.call('deleteSnapshot', name)
  }

  /**
   * Takes a picture of the board's display, as a PNG file.
   *
   * @throws HardwareError CALL_FAILED for a board without a display, NOT_READY while it is off
   */
  async screenshot(): Promise<Buffer> {
    const sink = new PassThrough()
    const [image] = await Promise.all([
      buffer(sink),
      receiveFile(this, sink, {}, (handle) => this.call('screenshot', handle)),
    ])
    return image
  }

  /** Reads the path of a unix socket on the exporter's machine, for gdb's `target remote PATH`. */
  gdbSocket(): Promise<string> {
    return this.call('gdbSocket')
  }

  /** @param size the size of the flashed disk from the next power-on, such as `20G`. The disk cannot become smaller */
  async setDiskSize(size: string): Promise<void> {
    await this.call('setDiskSize', size)
  }

  /** @param size the size of the memory from the next power-on, such as `512M` */
  async setMemorySize(size: string): Promise<void> {
    await this.call('setMemorySize', size)
  }

  /** Reads the host name that cloud-init gives the board. */
  hostname(): Promise<string> {
    return this.call('getHostname')
  }

  /** Reads the name of the user that cloud-init makes. */
  username(): Promise<string> {
    return this.call('getUsername')
  }

  /** Reads the password of that user. */
  password(): Promise<string> {
    return this.call('getPassword')
  }
}
