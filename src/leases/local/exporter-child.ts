import type { ChildProcess } from 'node:child_process'

import { onAbort } from '../../base/abort.ts'
import { readLines } from '../../base/lines.ts'
import { removePrivateFolder } from '../../base/private-folder.ts'
import { withTimeLimit } from '../../base/time-limit.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import type { LeaseEvent } from '../lease-event.ts'
import type { FailureFacts, FromExporter, ToExporter } from './exporter-messages.ts'
import { type Answer, type AskOptions, ExporterRequests, type Request } from './exporter-requests.ts'
import { forkExporter, type ForkOptions } from './fork-exporter.ts'

/** The longest time that an exporter may take to start, in milliseconds. */
const startTimeoutMs = 60_000
/** The time in which a process whose start was given up has to end by itself, in milliseconds. */
const stopStartTimeoutMs = 3_000
/** The longest time until a killed process is gone, in milliseconds. */
const killTimeoutMs = 2_000
/** The number of last lines that the error of a process that has ended shows. */
const lastLineCount = 20

/** Options of {@link ExporterChild.start}. */
export interface ExporterChildOptions extends ForkOptions {
  /** The name of the exporter, for messages. */
  readonly name: string
  /** Receives the output of the process, and its warnings. */
  readonly emit: (event: LeaseEvent) => void
  /** Ends the first start. */
  readonly signal?: AbortSignal | undefined
}

/** The facts that a process reports when its exporter is ready. */
export type ExporterReady = Omit<Extract<FromExporter, { type: 'ready' }>, 'type'>

/** The process of an exporter, as the run sees it. The other side is `exporter-process/`. */
export class ExporterChild {
  readonly #options: ExporterChildOptions
  readonly #process: ChildProcess
  readonly #requests: ExporterRequests
  readonly #ready = Promise.withResolvers<ExporterReady>()
  #ended = false
  #outOfService: HardwareError | undefined
  #lastLines: string[] = []
  #whyHung: string | undefined
  /** The folder of the process, once it has reported it. */
  #folder: string | undefined
  /** Receives the reason when the open session has failed, and the process goes on. */
  sessionFailed: (error: HardwareError) => void = () => undefined
  /** Is fulfilled with the reason when the process has ended and its files are removed. */
  readonly gone: Promise<HardwareError>

  /**
   * Starts the process and waits until it has loaded its exporter.
   *
   * @throws HardwareError EXPORTER_CONFIG_INVALID for mistakes in the file, EXPORTER_FAILED when the exporter does not start
   */
  static async start(
    options: ExporterChildOptions,
    signal?: AbortSignal,
  ): Promise<{ child: ExporterChild; ready: ExporterReady }> {
    signal?.throwIfAborted()
    const child = new ExporterChild(options)
    // A process that is killed leaves its folder, so it gets some time to end.
    const stop = () => child.stop(stopStartTimeoutMs).catch(() => undefined)
    const stopListening = onAbort(signal, () => void stop())
    try {
      const limit = { name: `start of exporter ${options.name}`, timeoutMs: startTimeoutMs }
      return { child, ready: await withTimeLimit(limit, () => child.#ready.promise) }
    } catch (error) {
      await stop()
      throw error
    } finally {
      stopListening()
    }
  }

  private constructor(options: ExporterChildOptions) {
    this.#options = options
    const child = forkExporter(options)
    this.#process = child
    this.#requests = new ExporterRequests({
      name: options.name,
      send: (request, failed) => this.#send(request, failed),
      hangs: (why) => {
        this.#whyHung = why
        this.kill()
      },
    })
    for (const output of [child.stdout, child.stderr]) {
      if (output !== null) readLines(output, (line) => this.#print(line))
    }
    child.on('message', (message: FromExporter) => this.#receive(message))
    const ended = new Promise<string>((resolve) => {
      child.on('error', (error) => resolve(error.message))
      child.on('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
    })
    this.gone = ended.then((why) => this.#end(why))
    // `start` may have given up already, and nobody else waits for it.
    this.#ready.promise.catch(() => undefined)
  }

  /** The process has closed its drivers, left the devices safe, and ended. */
  get endedInOrder(): boolean {
    return this.#process.exitCode === 0
  }

  /** The process has ended. */
  get ended(): boolean {
    return this.#ended
  }

  /** The error of a hook that has taken the exporter out of service. */
  get outOfService(): HardwareError | undefined {
    return this.#outOfService
  }

  /**
   * Sends a request, and waits until it is done.
   *
   * @throws HardwareError the process's answer; EXPORTER_FAILED when it ends, or hangs and so is killed; CALL_TIMEOUT
   */
  async ask(request: Request, options: AskOptions): Promise<Answer> {
    // The process has exited and its files are being removed: report why it exited.
    if (this.#ended) throw await this.gone
    return this.#requests.ask(request, options)
  }

  /** Ends the process at once, without making its devices safe. */
  kill(): void {
    this.#process.kill('SIGKILL')
  }

  /** Lets the process close its drivers and end. @throws HardwareError CALL_TIMEOUT when it had to be killed */
  async stop(timeoutMs: number): Promise<void> {
    // The channel stays open: a process whose channel closes takes the run for dead, and removes the run's folder.
    if (this.#process.connected) this.#send({ type: 'stop' }, () => undefined)
    const name = `stop of exporter ${this.#options.name}`
    try {
      await withTimeLimit({ name, timeoutMs }, () => this.gone)
    } catch (error) {
      this.kill()
      await withTimeLimit({ name, timeoutMs: killTimeoutMs }, () => this.gone).catch(() => undefined)
      throw error
    }
  }

  #send(message: ToExporter, failed: (error: Error) => void): void {
    this.#process.send(message, (error: NodeJS.ErrnoException | null) => {
      // The end of the process, which may not be known here yet, fails all requests with a better reason.
      if (error !== null && error.code !== 'EPIPE' && this.#process.connected) failed(error)
    })
  }

  #receive(message: FromExporter): void {
    if (message.type === 'folder') this.#folder = message.path
    else if (message.type === 'ready') this.#ready.resolve(message)
    else if (message.type === 'failed') this.#fail(message)
    else if (message.type === 'sessionFailed') this.#failSession(message)
    else this.#requests.receive(message)
  }

  #fail({ id, code, message, origin, outOfService, ...failure }: Extract<FromExporter, { type: 'failed' }>): void {
    const details = { ...failure.details, exporter: this.#options.name }
    const error = new HardwareError(code, message, { origin, details })
    if (outOfService === true) {
      const what = `Exporter ${this.#options.name} is out of service: ${message}`
      this.#outOfService = new HardwareError(code, what, { cause: error, origin, details })
    }
    if (!this.#requests.fail(id, error)) this.#ready.reject(error)
  }

  #failSession({ code, message, origin, details }: FailureFacts): void {
    const { name } = this.#options
    const text = `Exporter ${name} has failed: ${message}`
    this.sessionFailed(new HardwareError(code, text, { origin, details: { ...details, exporter: name } }))
  }

  async #end(why: string): Promise<HardwareError> {
    this.#ended = true
    const { name, file } = this.#options
    const what = `Exporter ${name} (${file}) ended: ${this.#whyHung ?? why}`
    const message = [what, ...this.#lastLines.map((line) => `  | ${line}`)].join('\n')
    const error = new HardwareError('EXPORTER_FAILED', message, { details: { exporter: name } })
    this.#ready.reject(error)
    this.#requests.failAll(error)
    // The process removes its folder itself, unless it was killed.
    if (this.#folder !== undefined) {
      await removePrivateFolder(this.#folder).catch((failure: unknown) => this.#print(messageOf(failure)))
    }
    return error
  }

  #print(line: string): void {
    this.#lastLines = [...this.#lastLines, line].slice(-lastLineCount)
    this.#options.emit({ type: 'exporterOutput', exporter: this.#options.name, line })
  }
}
