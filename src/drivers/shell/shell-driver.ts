import { stat } from 'node:fs/promises'

import { startTimer, stopTimer } from '../../base/clock.ts'
import { onAbort } from '../../base/abort.ts'
import { shownPath } from '../../base/shown-path.ts'
import { HardwareError } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { Shell, type ShellOutput } from '../../interfaces/shell.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import { Command, type CommandOptions } from './command.ts'
import { checkShellConfig, defaultCommand, type ShellConfig, type ShellMethodConfig, shellRules } from './config.ts'
import { commandArguments, commandEnvironment } from './environment.ts'

/** The exit code of a command that has reached its time limit, as in Jumpstarter's driver. */
const timedOutCode = 199

/**
 * Commands on the exporter's machine that the exporter file lists. A client chooses a command and passes arguments and variables
 * to it. No shell reads these.
 *
 * @example
 * ```yaml
 * export:
 *   tools:
 *     type: jumpstarter_driver_shell.driver.Shell
 *     config:
 *       methods:
 *         usb_reset: { command: 'uhubctl --action cycle --port "$1"', description: Cycle a port of the hub }
 * ```
 */
export class ShellDriver extends Driver implements Implementation<typeof Shell> {
  static readonly interface = Shell
  static readonly configRules = shellRules
  readonly #config: ShellConfig
  readonly #methods: ReadonlyMap<string, ShellMethodConfig>
  readonly #running = new Set<Command>()

  /** @throws TypeError with all mistakes of the config */
  constructor(config: ShellConfig) {
    super()
    checkShellConfig(config)
    this.#config = config
    this.#methods = new Map(
      Object.entries(config.methods).map(([name, method]) => [
        name,
        typeof method === 'string' ? { command: method } : method,
      ]),
    )
    for (const [name, { description }] of this.#methods) {
      // The entry of the exporter's file may have descriptions as well. They are assigned later.
      if (description !== undefined && description !== null) this.methodsDescription[name] = description
    }
  }

  getMethods() {
    return [...this.#methods.keys()]
  }

  async *callMethod(name: string, env: Readonly<Record<string, string>>, ...args: string[]) {
    const method = this.#methods.get(name)
    if (method === undefined) {
      const known = [...this.#methods.keys()].join(', ')
      throw new HardwareError('ARGUMENT_INVALID', `There is no command '${name}'; there are ${known}`)
    }
    const { shell, cwd, timeout } = this.#config
    const [program = 'bash', ...shellArguments] = shell ?? ['bash', '-c']
    const argv = [
      program,
      ...shellArguments,
      method.command ?? defaultCommand,
      name,
      ...commandArguments(args),
    ] as const
    const environment = commandEnvironment(this.childEnvironment(), env)
    await requireFolder(cwd ?? undefined)
    this.logger.info(`runs ${name}`)
    yield* this.#run(name, { argv, env: environment, cwd: cwd ?? undefined }, method.timeout ?? timeout ?? 300)
  }

  async *#run(name: string, options: CommandOptions, timeoutSeconds: number) {
    const cancelled = callSignal()
    cancelled.throwIfAborted()
    const command = await Command.start(options)
    this.#running.add(command)
    const end = () => void command.end().finally(() => this.#running.delete(command))
    // The loop below stands still while the client does not read, so it cannot end the command.
    const stopListening = onAbort(cancelled, end)
    let timedOut = false
    const timer = startTimer(
      () => {
        timedOut = true
        end()
      },
      Math.min(timeoutSeconds * 1000, 2 ** 31 - 1),
    )
    let complete = false
    try {
      for await (const [stdout, stderr] of command.output(cancelled)) {
        yield [stdout, stderr, null] satisfies ShellOutput
      }
      cancelled.throwIfAborted()
      complete = true
      if (timedOut) {
        const message = `\n${name} was ended: it had not finished after ${timeoutSeconds} s\n`
        this.logger.warning(message.trim())
        yield ['', message, timedOutCode] satisfies ShellOutput
      } else {
        const { exitCode } = command
        if (exitCode !== 0) this.logger.info(`${name} ended with exit code ${exitCode}`)
        yield ['', '', exitCode] satisfies ShellOutput
      }
    } finally {
      stopTimer(timer)
      stopListening()
      if (complete && !timedOut) this.#running.delete(command)
      else end()
    }
  }

  /** Ends every running command. */
  override async close() {
    await Promise.all([...this.#running].map((command) => command.end()))
  }
}

async function requireFolder(cwd: string | undefined): Promise<void> {
  if (cwd === undefined) return
  const found = await stat(cwd).catch(() => undefined)
  if (found?.isDirectory() === true) return
  throw new HardwareError('ARGUMENT_INVALID', `The folder ${shownPath(cwd)} (cwd) does not exist`, { origin: 'lab' })
}
