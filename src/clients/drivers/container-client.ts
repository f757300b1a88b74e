import { Container } from '../../interfaces/container.ts'
import { DriverClient } from '../driver-client.ts'
import { type FileOptions, type FileSource, receiveFile, sendFile } from '../files.ts'
import type { SerialClient } from './serial-client.ts'
import type { VirtualPowerClient } from './virtual-power-client.ts'
import type { Writable } from 'node:stream'

/** Options of {@link ContainerClient.exec}. */
export interface ContainerExecOptions {
  readonly env?: Readonly<Record<string, string>> | undefined
  /** The folder in the container (default: that of its image). */
  readonly cwd?: string | undefined
  /** The user in the container (default: that of its image). */
  readonly user?: string | undefined
}

/** The result of a command in a container. */
export interface ContainerExecResult {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

/**
 * A container that stands for a board. Power and console are properties; the ports are in `children`, or are declared in
 * `needs()`.
 *
 * @example
 * ```ts
 * await dut.board.power.on()
 * const { stdout } = await dut.board.exec(['cat', '/etc/os-release'])
 * ```
 */
export class ContainerClient extends DriverClient<typeof Container> {
  static readonly interface = Container

  get power(): VirtualPowerClient {
    return this.children['power'] as VirtualPowerClient
  }

  get console(): SerialClient {
    return this.children['console'] as SerialClient
  }

  /** Begins to read the console. */
  override async attach(): Promise<void> {
    await this.children['console']?.attach()
  }

  /** Reads the state: `off`, or the engine's word for it, such as `running` or `exited`. */
  status(): Promise<string> {
    return this.call('status')
  }

  /**
   * Runs a program in the container, without a shell. An exit code other than 0 is no error. A cancelled call leaves the program
   * running: container engines cannot end a single one.
   *
   * @throws HardwareError NOT_READY while the container is off, DEVICE_IO when it stops meanwhile
   */
  async exec(
    command: readonly [string, ...string[]],
    { env = {}, cwd, user }: ContainerExecOptions = {},
  ): Promise<ContainerExecResult> {
    const options = { env, cwd: cwd ?? null, user: user ?? null }
    const { stdout, stderr, exit_code: exitCode } = await this.call('exec', command, options)
    return { stdout, stderr, exitCode }
  }

  /**
   * Writes a file into the container, which may be off.
   *
   * @param path an absolute path in the container; its folder has to exist
   */
  async upload(source: FileSource, path: string, options: FileOptions = {}): Promise<void> {
    await sendFile(this, source, options, (handle) => this.call('upload', handle, path))
  }

  /**
   * Reads a file of the container, which may be off.
   *
   * @param path an absolute path in the container
   * @param target the path or the stream to write to
   */
  async download(path: string, target: string | Writable, options: FileOptions = {}): Promise<void> {
    await receiveFile(this, target, options, (handle) => this.call('download', handle, path))
  }
}
