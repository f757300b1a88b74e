import { HardwareError } from '../../errors.ts'
import type { Conversation } from '../console/types.ts'
import { ConsoleShell, keys } from './console-shell.ts'
import type { Deadline } from './deadline.ts'
import { KnownPrompt } from './known-prompt.ts'
import { runMarked } from './marked-command.ts'
import { createMarker } from './marker.ts'
import { refuseControls } from './one-line.ts'
import type { CommandResult, ShellOptions, ShellWaitOptions } from './types.ts'
import { type AccessWidth, parseMemory, readCommand, writeCommands } from './uboot-memory.ts'
import { addressWord, textWord, type UbootAddress, variableWord } from './uboot-words.ts'

/** The time to wait for the answer to a key or a probe, in milliseconds. */
const answerMs = 1_000
/** The longest typed line, in characters. CONFIG_SYS_CBSIZE is 512 on many boards. */
const lineLength = 500
/** The length of the text around a command on a typed line. */
const frameLength = 90
/** The time limit of a transfer without one, in milliseconds. */
const transferTimeoutMs = 120_000

/** Options of a U-Boot shell. */
export interface UbootShellOptions extends ShellOptions {
  /** CONFIG_SYS_PROMPT (default `=> `). */
  readonly prompt?: string | undefined
  /** The keys that stop autoboot (default Ctrl-C): CONFIG_AUTOBOOT_STOP_STR if U-Boot is built with it. */
  readonly stopAutoboot?: string | undefined
}

/**
 * U-Boot's shell hush, the default of U-Boot. On a board that starts, the shell answers as soon as autoboot has been stopped.
 *
 * @example
 * ```ts
 * const uboot = await dut.console.shell('uboot')
 * await uboot.dhcp()
 * const bytes = await uboot.tftp('${kernel_addr_r}', 'Image', { serverIp: '10.0.2.3' })
 * expect(await uboot.crc32('${kernel_addr_r}', bytes)).toBe(crc32(image))
 * await uboot.boot('booti ${kernel_addr_r} - ${fdtcontroladdr}')
 * ```
 */
export class UbootShell extends ConsoleShell<CommandResult> {
  protected override readonly prompt: string
  readonly #prompt: string
  readonly #stopAutoboot: string
  readonly #known: KnownPrompt

  constructor(console: Conversation, options: UbootShellOptions = {}) {
    super(console, options)
    this.#prompt = options.prompt ?? '=> '
    this.prompt = `\n${this.#prompt}`
    this.#known = new KnownPrompt(this.#prompt)
    this.#known.learn(this.#prompt)
    this.#stopAutoboot = options.stopAutoboot ?? keys.interrupt
  }

  /** The value of an environment variable; `undefined` if there is none of that name. */
  async getEnv(name: string, options: ShellWaitOptions = {}): Promise<string | undefined> {
    const { output, exitCode } = await this.run(`printenv ${variableWord(name)}`, options)
    return exitCode === 0 ? output.slice(`${name}=`.length).replace(/\n$/, '') : undefined
  }

  /**
   * Sets an environment variable, or removes it. The change is not saved.
   *
   * @throws HardwareError COMMAND_FAILED if it cannot be changed, ARGUMENT_INVALID for a value that cannot be typed
   */
  async setEnv(name: string, value: string | undefined, options: ShellWaitOptions = {}): Promise<void> {
    const command = `setenv ${variableWord(name)}`
    await this.runOrThrow(value === undefined || value === '' ? command : `${command} ${textWord(value)}`, options)
  }

  /** All environment variables. A line without `=` belongs to the value before it. */
  async printEnv(options: ShellWaitOptions = {}): Promise<Record<string, string>> {
    const env = new Map<string, string>()
    let last = ''
    const output = await this.runOrThrow('printenv', options)
    for (const line of output.replace(/\n\nEnvironment size: .*$/, '').split('\n')) {
      const [, name, value = ''] = /^([^=]+)=(.*)$/.exec(line) ?? []
      if (name === undefined) env.set(last, `${env.get(last) ?? ''}\n${line}`)
      else env.set((last = name), value)
    }
    return Object.fromEntries(env)
  }

  /**
   * Gets an address by DHCP, and loads nothing: the variable `autoload` is `no` afterwards.
   *
   * @returns the address
   */
  async dhcp(options: ShellWaitOptions = {}): Promise<string> {
    const command = 'setenv autoload no; dhcp'
    return this.#find(command, /DHCP client bound to address ([\d.]+)/, options)
  }

  /**
   * Loads a file from a TFTP server.
   *
   * @param options.serverIp the server (default: the variable `serverip`)
   * @param options.timeoutMs default 120 000
   * @returns its length in bytes
   * @throws CommandError (COMMAND_FAILED) if it cannot be loaded
   */
  async tftp(
    address: UbootAddress,
    file: string,
    { serverIp, ...options }: ShellWaitOptions & { readonly serverIp?: string | undefined } = {},
  ): Promise<number> {
    const name = serverIp === undefined ? file : `${serverIp}:${file}`
    const command = `tftpboot ${addressWord(address)} ${textWord(name)}`
    return Number(await this.#find(command, /Bytes transferred = (\d+)/, { timeoutMs: transferTimeoutMs, ...options }))
  }

  /**
   * Loads a file from a file system.
   *
   * @param from interface, device and partition, as U-Boot names them: `mmc 0:1`
   * @param options.timeoutMs default 120 000
   * @returns its length in bytes
   */
  async load(from: string, address: UbootAddress, file: string, options: ShellWaitOptions = {}): Promise<number> {
    const words = from.split(' ').map(textWord).join(' ')
    const command = `load ${words} ${addressWord(address)} ${textWord(file)}`
    return Number(await this.#find(command, /(\d+) bytes read/, { timeoutMs: transferTimeoutMs, ...options }))
  }

  /**
   * Boots, and does not wait for the system that comes up.
   *
   * @param command default `boot`, which runs the variable `bootcmd`
   */
  boot(command = 'boot', options: ShellWaitOptions = {}): Promise<void> {
    return this.leave(command, options)
  }

  /**
   * Reads memory.
   *
   * @param length in bytes, a multiple of the width
   * @param options.width the number of bytes of one access (default 1); registers often need 4
   */
  async readMemory(
    address: UbootAddress,
    length: number,
    { width = 1, ...options }: ShellWaitOptions & { readonly width?: AccessWidth | undefined } = {},
  ): Promise<Uint8Array> {
    return parseMemory(await this.runOrThrow(readCommand(address, length, width), options), length, width)
  }

  /**
   * Writes memory. A typed line holds some tens of bytes, so a file is better loaded.
   *
   * @param bytes a multiple of the width
   * @param options.width the number of bytes of one access (default 1); registers often need 4
   */
  async writeMemory(
    address: number | bigint,
    bytes: Uint8Array,
    { width = 1, ...options }: ShellWaitOptions & { readonly width?: AccessWidth | undefined } = {},
  ): Promise<void> {
    for (const line of writeCommands(address, bytes, width, lineLength - frameLength)) {
      await this.runOrThrow(line, options)
    }
  }

  /** The CRC-32 of memory, as `crc32` of node:zlib has it. @param length bytes */
  async crc32(address: UbootAddress, length: number, options: ShellWaitOptions = {}): Promise<number> {
    const command = `crc32 ${addressWord(address)} ${addressWord(length)}`
    return Number.parseInt(await this.#find(command, /==> ([\da-f]{8})/, options), 16)
  }

  protected override async reach(deadline: Deadline): Promise<void> {
    // U-Boot may have begun to count already, so the key has to come first.
    await this.console.send(this.#stopAutoboot)
    for (;;) {
      const unread = this.console.peek().length
      const seen = await this.see(['stop autoboot', this.prompt], answerMs, deadline)
      if (seen?.index === 0) await this.console.send(this.#stopAutoboot)
      else if (seen !== undefined && (await this.answers(deadline))) return
      else if (seen === undefined && this.console.peek().length === unread) await this.console.send(keys.interrupt)
    }
  }

  protected override async answers(deadline: Deadline): Promise<boolean> {
    const probe = createMarker()
    await this.console.sendLine(`echo ${probe.halves.join('""')}`)
    return (await this.see([`${probe.text}\r\n${this.#prompt}`], answerMs, deadline)) !== undefined
  }

  protected override async execute(command: string, deadline: Deadline): Promise<CommandResult> {
    refuseControls(command)
    if (command.length > lineLength - frameLength) {
      const message = `A command for U-Boot cannot be longer than ${lineLength - frameLength} characters`
      throw new HardwareError('ARGUMENT_INVALID', message, { details: { console: this.console.name } })
    }
    const fail = async () => {
      await this.console.send(keys.interrupt)
      await this.console.expect(this.prompt, deadline.within())
      throw new HardwareError('ARGUMENT_INVALID', `${this.console.name}: a quote or word is missing in ${command}`)
    }
    const begun = () => void (this.outputFrom = this.console.mark())
    const marked = { command, prompt: this.#known, refusal: { pattern: incomplete, fail }, begun }
    const { output, exitCode, durationMs } = await runMarked(this.console, marked, deadline)
    await this.console.expect(this.#prompt, deadline.within())
    return { output: output.replaceAll('\r\n', '\n'), exitCode, durationMs }
  }

  async #find(command: string, pattern: RegExp, options: ShellWaitOptions): Promise<string> {
    const output = await this.runOrThrow(command, options)
    const found = pattern.exec(output)?.[1]
    if (found !== undefined) return found
    throw new HardwareError('RESULT_INVALID', `${this.console.name}: cannot read what ${command} printed:\n${output}`)
  }
}

/** The prompt with which U-Boot's shell asks for the rest of a command. */
const incomplete = /^> (?![\s\S])/
