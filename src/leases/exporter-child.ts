import { type ChildProcess, fork } from 'node:child_process'
import { extname } from 'node:path'
import { createInterface } from 'node:readline'

import { compileCacheEnvironment } from '../compile-cache.ts'
import { HardwareError, messageOf } from '../errors.ts'
import { whenAborted } from '../protocol/when-aborted.ts'
import { removePrivateFolder } from '../private-folder.ts'
import { withTimeLimit } from '../time-limit.ts'
import type { ExporterRequest, FromExporter, ToExporter } from './exporter-messages.ts'
import type { LockOwner } from './machine-lock-claim.ts'

/** How long an exporter may take to start, in milliseconds. */
const startTimeoutMs = 60_000
/** How long its process may take to say that it has received a request, until it is taken to hang, in milliseconds. */
const receiptTimeoutMs = 4_000
/** After how long it is asked whether it is still there while a request takes long, in milliseconds. */
const pingAfterMs = 1_000
/** How long a process that is not wanted any more while it starts may take to end by itself, in milliseconds. */
const giveUpTimeoutMs = 1_000
/** How long it may take until a process that was killed is gone, in milliseconds. */
const killTimeoutMs = 2_000

/** What {@link ExporterChild.start} takes. */
export interface ExporterChildOptions {
  /** Its name, for messages. */
  readonly name: string
  /** Its file: YAML, or a module that calls `defineExporter()`. */
  readonly file: string
  /** Gets what it prints, a line at a time. */
  readonly print: (line: string) => void
  /** A folder that it removes when this process has gone. */
  readonly runFolder?: string | undefined
  /** Gives the first start up. */
  readonly signal?: AbortSignal | undefined
}

/** What a process says of its exporter when it is ready. */
export type ExporterReady = Omit<Extract<FromExporter, { type: 'ready' }>, 'type'>

type Request = ExporterRequest extends infer One ? (One extends ExporterRequest ? Omit<One, 'id'> : never) : never
type Answer = Extract<FromExporter, { type: 'opened' | 'activity' | 'done' }>

/** What {@link ExporterChild.ask} takes besides the request. */
export interface AskOptions {
  /** What is waited for, for the error. */
  readonly name: string
  /** How long; without it, as long as it takes. */
  readonly timeoutMs?: number
  /** Is told who else uses the exporter. */
  readonly waiting?: ((holder: LockOwner) => void) | undefined
}

interface Pending {
  received(): void
  waiting(holder: LockOwner): void
  resolve(answer: Answer): void
  reject(error: Error): void
}

/** The process of an exporter, and what can be asked of it. */
export class ExporterChild {
  readonly #options: ExporterChildOptions
  readonly #process: ChildProcess
  readonly #pending = new Map<number, Pending>()
  readonly #ready = Promise.withResolvers<ExporterReady>()
  #ended = false
  #retired: HardwareError | undefined
  #lastLines: string[] = []
  #nextId = 0
  #hung: string | undefined
  /** Settles with the reason when the process has ended and what it left behind is removed. */
  readonly gone: Promise<HardwareError>

  /**
   * Starts the process and waits until it has loaded its exporter.
   *
   * @throws HardwareError EXPORTER_CONFIG_INVALID for mistakes in its file, EXPORTER_FAILED when it does not start
   */
  static async start(
    options: ExporterChildOptions,
    signal?: AbortSignal,
  ): Promise<{ child: ExporterChild; ready: ExporterReady }> {
    signal?.throwIfAborted()
    const child = new ExporterChild(options)
    // One that is killed leaves its folder.
    const giveUp = () => child.stop(giveUpTimeoutMs).catch(() => undefined)
    const stop = whenAborted(signal, () => void giveUp())
    try {
      const limit = { name: `start of exporter ${options.name}`, timeoutMs: startTimeoutMs }
      return { child, ready: await withTimeLimit(limit, () => child.#ready.promise) }
    } catch (error) {
      await giveUp()
      throw error
    } finally {
      stop()
    }
  }

  private constructor(options: ExporterChildOptions) {
    this.#options = options
    const entry = new URL(`../cli/exporter-process${extname(import.meta.url)}`, import.meta.url)
    const child = fork(entry, [options.file, ...(options.runFolder === undefined ? [] : [options.runFolder])], {
      execArgv: [],
      // A session of its own: what a terminal or a shell sends to the whole group leaves it, and what its drivers start, be.
      detached: true,
      env: { ...process.env, ...compileCacheEnvironment() },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.#process = child
    for (const output of [child.stdout, child.stderr]) {
      if (output !== null) createInterface(output).on('line', (line) => this.#print(line))
    }
    let folder: string | undefined
    child.on('message', (message: FromExporter) => {
      if (message.type === 'folder') folder = message.path
      else this.#receive(message)
    })
    const ended = new Promise<string>((resolve) => {
      child.on('error', (error) => resolve(error.message))
      child.on('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
    })
    this.gone = ended.then(async (why) => {
      this.#ended = true
      const error = this.#explain(why)
      this.#ready.reject(error)
      for (const pending of this.#pending.values()) pending.reject(error)
      if (folder !== undefined) await this.#remove(folder)
      return error
    })
    // Whoever waits for the start is told.
    this.#ready.promise.catch(() => undefined)
  }

  /** Whether it has closed its drivers, left the devices safe, and ended. */
  get endedInOrder(): boolean {
    return this.#process.exitCode === 0
  }

  /** Whether its process has ended. */
  get ended(): boolean {
    return this.#ended
  }

  /** Why a hook has taken it out of service, where one has. */
  get retired(): HardwareError | undefined {
    return this.#retired
  }

  /**
   * Asks for something, and waits until it is done.
   *
   * @throws HardwareError what the process answers; EXPORTER_FAILED when it ends, or hangs and so is killed; CALL_TIMEOUT
   */
  async ask(request: Request, { name, timeoutMs, waiting }: AskOptions): Promise<Answer> {
    // Between its end and that of what it left behind; nothing that is asked then is answered.
    if (this.#ended) throw await this.gone
    const id = this.#nextId++
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    let timer: NodeJS.Timeout
    const expectReceipt = () => {
      timer = setTimeout(() => {
        this.#hung = `it hangs: for ${receiptTimeoutMs} ms it gave no sign of life during the ${name}`
        this.kill()
      }, receiptTimeoutMs)
    }
    const ping = () => {
      expectReceipt()
      this.#send({ type: 'ping', id }, () => undefined)
    }
    expectReceipt()
    this.#pending.set(id, {
      received: () => {
        clearTimeout(timer)
        timer = setTimeout(ping, pingAfterMs)
      },
      waiting: (holder) => waiting?.(holder),
      resolve,
      reject,
    })
    this.#send({ ...request, id }, reject)
    const limit = { name: `${name} of exporter ${this.#options.name}`, timeoutMs: timeoutMs ?? 0 }
    try {
      return await (timeoutMs === undefined ? promise : withTimeLimit(limit, () => promise))
    } finally {
      this.#pending.delete(id)
      // A receipt that comes late is nobody's any more.
      clearTimeout(timer!)
    }
  }

  #send(message: ToExporter, fail: (error: Error) => void): void {
    this.#process.send(message, (error: NodeJS.ErrnoException | null) => {
      // That the process has ended is told with the reason, and may not have been noticed yet.
      if (error !== null && error.code !== 'EPIPE' && this.#process.connected) fail(error)
    })
  }

  /** Ends it at once; what it works is not made safe. */
  kill(): void {
    this.#process.kill('SIGKILL')
  }

  /** Lets it close what is open, and end. @throws HardwareError CALL_TIMEOUT when it had to be killed */
  async stop(timeoutMs: number): Promise<void> {
    // Were the channel closed, the process would take the run for dead, and clean up after it.
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

  #receive(message: Exclude<FromExporter, { type: 'folder' }>): void {
    if (message.type === 'ready') {
      this.#ready.resolve(message)
      return
    }
    const pending = message.id === undefined ? undefined : this.#pending.get(message.id)
    if (message.type === 'received') pending?.received()
    else if (message.type === 'waiting') pending?.waiting(message.holder)
    else if (message.type === 'failed') this.#fail(message, pending ?? this.#ready)
    else pending?.resolve(message)
  }

  #fail({ code, message, retired }: Extract<FromExporter, { type: 'failed' }>, waiting: Pick<Pending, 'reject'>): void {
    const error = new HardwareError(code, message)
    if (retired === true) {
      const what = `Exporter ${this.#options.name} is out of service: ${message}`
      this.#retired = new HardwareError(code, what, { cause: error })
    }
    waiting.reject(error)
  }

  #explain(why: string): HardwareError {
    const { name, file } = this.#options
    const lines = this.#lastLines.map((line) => `\n  | ${line}`).join('')
    return new HardwareError('EXPORTER_FAILED', `Exporter ${name} (${file}) ended: ${this.#hung ?? why}${lines}`)
  }

  /** The process does it itself unless it was killed. */
  async #remove(folder: string): Promise<void> {
    await removePrivateFolder(folder).catch((error: unknown) => this.#options.print(messageOf(error)))
  }

  #print(line: string): void {
    this.#lastLines = [...this.#lastLines, line].slice(-20)
    this.#options.print(line)
  }
}
