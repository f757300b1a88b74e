import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { HardwareError } from '../../errors.ts'
import { createPrivateFolder, type PrivateFolder } from '../../private-folder.ts'
import type { Driver } from '../../runtime/driver.ts'
import { commandLine } from './command-line.ts'
import type { QemuConfig } from './config.ts'
import { Disks } from './disks.ts'
import { Machine } from './machine.ts'
import { MicrobitPins } from './microbit-pins.ts'
import { Snapshots } from './snapshots.ts'

/** How much memory a board has whose config names neither that nor a machine; upstream's value. */
const defaultMem = '512M'

/** The files of a board, which are there for one session. */
interface Files {
  readonly folder: PrivateFolder
  readonly disks: Disks
  readonly snapshots: Snapshots
}

/** What the drivers of one board share: its machine, its pins and its files. */
export class Board {
  readonly config: QemuConfig
  readonly machine: Machine
  readonly pins: MicrobitPins
  /** How much memory it has at the next power-on; undefined where the machine has its own. */
  mem: string | undefined
  #files: Files | undefined
  /** The disks of the board as it was switched on last, by QEMU's names. */
  #nodes: readonly string[] = []

  /** @param log the log of the board's driver */
  constructor(config: QemuConfig, log: Driver['logger']) {
    this.config = config
    this.mem = config.mem ?? (config.machine === undefined ? defaultMem : undefined)
    this.machine = new Machine({
      log,
      command: () => this.#command(),
      prepare: async (running) => {
        if (config.machine === 'microbit') await this.pins.attach(running)
      },
    })
    this.pins = new MicrobitPins(this.machine)
  }

  /** Makes what the board needs on the exporter's machine. */
  async open(): Promise<void> {
    const folder = await createPrivateFolder()
    const disks = new Disks(this.config, folder.path)
    this.#files = { folder, disks, snapshots: new Snapshots(() => disks.newFile()) }
  }

  /** Switches the board off, and removes its files. */
  async close(): Promise<void> {
    try {
      await this.machine.close()
    } finally {
      const folder = this.#files?.folder
      this.#files = undefined
      await folder?.remove()
    }
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

  /** Presses the reset button. The lab's lines are as they were before the processor runs. */
  async reset(): Promise<void> {
    const running = this.machine.requireRunning()
    const press = () => running.qmp.executeUntil({ name: 'RESET' }, 'system_reset')
    await this.machine.whileStopped(running, press, { prepare: true })
    running.waker.start()
  }

  async saveSnapshot(name: string): Promise<void> {
    const running = this.machine.requireRunning()
    const save = () => this.snapshots.save(running.qmp, name, this.#nodes)
    await this.machine.whileStopped(running, save, { prepare: false })
  }

  /** Brings the board to a state: it runs then if it was off, and else as before. */
  async loadSnapshot(name: string): Promise<void> {
    this.snapshots.require(name)
    if (!(await this.machine.isOn())) {
      await this.machine.start(({ qmp }) => this.snapshots.load(qmp, name, this.#nodes))
      return
    }
    const running = this.machine.requireRunning()
    const load = () => this.snapshots.load(running.qmp, name, this.#nodes)
    await this.machine.whileStopped(running, load, { prepare: true })
    running.waker.start()
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

  /** Writes the files of cloud-init's NoCloud source, where the board has an image that may read them. */
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

/** What the board is called, and who may log in; upstream's names where the config has none. */
export function identity(config: QemuConfig): Record<'hostname' | 'username' | 'password', string> {
  const { hostname = 'demo', username = 'jumpstarter', password = 'password' } = config
  return { hostname, username, password }
}
