import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { Cleanups } from '../../base/cleanups.ts'
import { HardwareError } from '../../errors.ts'
import { createPrivateFolder, type PrivateFolder } from '../../base/private-folder.ts'
import { commandLine } from './command-line.ts'
import type { QemuConfig } from './config.ts'
import { Disks } from './disks.ts'
import { Machine, type MachineOptions } from './machine.ts'
import { MicrobitPins } from './microbit-pins.ts'
import { Snapshots } from './snapshots.ts'

/** The size of the memory of a board whose config has neither `mem` nor `machine`, as in Jumpstarter. */
const defaultMem = '512M'

/** The files of a board for one session. */
interface Files {
  readonly folder: PrivateFolder
  readonly disks: Disks
  readonly snapshots: Snapshots
}

/** The state that the drivers of one board share: its machine, its pins and its files. */
export class QemuBoard {
  readonly config: QemuConfig
  readonly machine: Machine
  readonly pins: MicrobitPins
  /** The size of the memory at the next power-on; `undefined` for the machine's default. */
  mem: string | undefined
  #files: Files | undefined
  readonly #cleanups = new Cleanups()
  /** The disks of the board at the last power-on, by QEMU's names. */
  #nodes: readonly string[] = []

  /** @param options.log the log of the board's driver */
  constructor(config: QemuConfig, options: Pick<MachineOptions, 'log' | 'environment'>) {
    this.config = config
    this.mem = config.mem ?? (config.machine === undefined ? defaultMem : undefined)
    this.machine = new Machine({
      ...options,
      command: () => this.#command(),
      prepare: async (running) => {
        if (config.machine === 'microbit') await this.pins.attach(running)
      },
    })
    this.pins = new MicrobitPins(this.machine)
  }

  /** Makes the board's files on the exporter's machine. */
  async open(): Promise<void> {
    const folder = await createPrivateFolder()
    this.#cleanups.add('removal of the files of the board', () => {
      this.#files = undefined
      return folder.remove()
    })
    const disks = new Disks(this.config, folder.path)
    this.#files = { folder, disks, snapshots: new Snapshots(() => disks.newFile()) }
  }

  /** Switches the board off, and removes its files. */
  async close(): Promise<void> {
    this.#cleanups.add('power off', () => this.machine.close(), 'self-limited')
    await this.#cleanups.run()
  }

  get disks(): Disks {
    return this.#open.disks
  }

  get snapshots(): Snapshots {
    return this.#open.snapshots
  }

  /** A folder that only this user can enter. */
  get folder(): string {
    return this.#open.folder.path
  }

  /** Presses the reset button. The lines that the lab drives have their levels again before the processor runs. */
  async reset(): Promise<void> {
    const running = this.machine.requireRunning()
    const press = () => running.qmp.executeUntil({ name: 'RESET' }, 'system_reset')
    await this.machine.whileStopped(running, press, { prepare: true })
    running.uartWakeup.start()
  }

  async saveSnapshot(name: string): Promise<void> {
    const running = this.machine.requireRunning()
    const save = () => this.snapshots.save(running.qmp, name, this.#nodes)
    await this.machine.whileStopped(running, save, { prepare: false })
  }

  /** Brings the board to a saved state. A board that was off runs then; a board that was stopped stays stopped. */
  async loadSnapshot(name: string): Promise<void> {
    this.snapshots.require(name)
    if (!(await this.machine.isOn())) {
      await this.machine.start(({ qmp }) => this.snapshots.load(qmp, name, this.#nodes))
      return
    }
    const running = this.machine.requireRunning()
    const load = () => this.snapshots.load(running.qmp, name, this.#nodes)
    await this.machine.whileStopped(running, load, { prepare: true })
    running.uartWakeup.start()
  }

  async deleteSnapshot(name: string): Promise<void> {
    await this.snapshots.delete(this.machine.requireRunning().qmp, name, this.#nodes)
  }

  get #open(): Files {
    if (this.#files !== undefined) return this.#files
    throw new HardwareError('NOT_READY', 'The board has no session')
  }

  async #command(): Promise<[string, ...string[]]> {
    const { disks, snapshots } = this.#open
    const root = await disks.root()
    const others = await disks.others()
    this.#nodes = [...(root === undefined ? [] : [root]), ...others].map(({ node }) => node)
    return commandLine(this.config, {
      root,
      disks: others,
      bios: disks.image('bios'),
      ovmfCode: disks.image('OVMF_CODE.fd'),
      ovmfVars: disks.image('OVMF_VARS.fd'),
      snapshots: snapshots.file,
      cloudInit: root === undefined ? undefined : await this.#cloudInit(),
      mem: this.mem,
    })
  }

  /** Writes the files of cloud-init's NoCloud source for a board that may have cloud-init in its image. */
  async #cloudInit(): Promise<string | undefined> {
    const { machine, hostname, username, password } = this.config
    if (machine !== undefined && hostname === undefined && username === undefined && password === undefined) {
      return undefined
    }
    const folder = join(this.folder, 'cloud-init')
    await mkdir(folder, { recursive: true })
    const { hostname: name, username: user, password: secret } = identity(this.config)
    const account = { name: user, plain_text_passwd: secret, lock_passwd: false, sudo: 'ALL=(ALL) NOPASSWD:ALL' }
    // JSON is YAML.
    await writeFile(join(folder, 'meta-data'), JSON.stringify({ 'instance-id': name, 'local-hostname': name }))
    await writeFile(
      join(folder, 'user-data'),
      `#cloud-config\n${JSON.stringify({ ssh_pwauth: true, users: [account] })}`,
    )
    return folder
  }
}

/** The host name, the user and the password of a board (default: Jumpstarter's). */
export function identity(config: QemuConfig): Record<'hostname' | 'username' | 'password', string> {
  const { hostname = 'demo', username = 'jumpstarter', password = 'password' } = config
  return { hostname, username, password }
}
