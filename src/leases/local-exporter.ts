import { type ChildProcess, fork } from 'node:child_process'
import { extname } from 'node:path'
import { createInterface } from 'node:readline'

import { HardwareError } from '../errors.ts'
import type { WaitOptions } from '../protocol/channel.ts'
import { withTimeLimit } from '../time-limit.ts'
import type { FromExporter, ToExporter } from './exporter-messages.ts'
import type { LeasableExporter, Lease } from './lease.ts'

/** How long an exporter may take to start, and to open a session, in milliseconds. */
const startTimeoutMs = 60_000
/** How long it may take to end a session, and itself, before it is killed. */
const stopTimeoutMs = 20_000

/** What {@link startLocalExporter} takes. */
export interface LocalExporterOptions {
  /** Its name, for messages. */
  readonly name: string
  /** Its file: YAML, or a module that calls `defineExporter()`. */
  readonly file: string
  /** Where to write what it prints, a line at a time. */
  readonly print: (line: string) => void
  /** Gives the start up. */
  readonly signal?: AbortSignal
}

/**
 * Starts an exporter in a process of its own. Each lease is a session of it, with fresh drivers. When this process dies,
 * however it dies, the exporter closes its drivers and ends.
 *
 * @throws HardwareError EXPORTER_CONFIG_INVALID for mistakes in its file, EXPORTER_FAILED when it does not start
 */
export async function startLocalExporter(options: LocalExporterOptions): Promise<LeasableExporter> {
  const { signal } = options
  const exporter = new LocalExporter(options)
  const giveUp = () => exporter.kill()
  signal?.addEventListener('abort', giveUp, { once: true })
  try {
    await exporter.start()
    return exporter
  } finally {
    signal?.removeEventListener('abort', giveUp)
  }
}

class LocalExporter implements LeasableExporter {
  readonly name: string
  labels: Readonly<Record<string, string>> = {}
  readonly #options: LocalExporterOptions
  readonly #waiting = new Map<
    number | 'start',
    { resolve: (message: FromExporter) => void; reject: (error: Error) => void }
  >()
  #process: ChildProcess | undefined
  #lastLines: string[] = []
  #nextId = 0

  constructor(options: LocalExporterOptions) {
    this.name = options.name
    this.#options = options
  }

  async start(): Promise<void> {
    const entry = new URL(`../cli/exporter-process${extname(import.meta.url)}`, import.meta.url)
    const child = fork(entry, [this.#options.file], { execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    this.#process = child
    this.#lastLines = []
    for (const output of [child.stdout, child.stderr]) {
      if (output !== null) createInterface(output).on('line', (line) => this.#print(line))
    }
    child.on('message', (message: FromExporter) => this.#receive(message))
    child.on('error', (error) => this.#gone(child, error.message))
    child.on('exit', (code, signal) => this.#gone(child, signal === null ? `exit code ${code}` : signal))
    const ready = await this.#answer('start', { name: `start of exporter ${this.name}`, timeoutMs: startTimeoutMs })
    if (ready.type !== 'ready') return
    this.labels = ready.labels
    for (const warning of ready.warnings) this.#print(`warning: ${warning}`)
  }

  /** Ends it at once; only right while no session is open. */
  kill(): void {
    this.#process?.kill('SIGKILL')
  }

  async lease(options: WaitOptions = {}): Promise<Lease> {
    options.signal?.throwIfAborted()
    if (this.#process === undefined) await this.start()
    const opened = await this.#ask('open', 'session', startTimeoutMs)
    let released: Promise<void> | undefined
    return {
      address: opened.type === 'opened' ? opened.address : '',
      release: () => (released ??= this.#release()),
    }
  }

  async #release(): Promise<void> {
    if (this.#process === undefined) return
    try {
      await this.#ask('close', 'end of the session', stopTimeoutMs)
    } catch (error) {
      // A session that does not end cannot be followed by another; the next lease starts the process anew.
      if (error instanceof HardwareError && error.timedOut) this.#process.kill('SIGKILL')
      throw error
    }
  }

  async close(): Promise<void> {
    const child = this.#process
    if (child === undefined) return
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    if (child.connected) child.disconnect()
    await withTimeLimit({ name: `stop of exporter ${this.name}`, timeoutMs: stopTimeoutMs }, () => exited).catch(
      (error: unknown) => {
        child.kill('SIGKILL')
        throw error
      },
    )
  }

  #ask(type: ToExporter['type'], what: string, timeoutMs: number): Promise<FromExporter> {
    const id = this.#nextId++
    const answer = this.#answer(id, { name: `${what} of exporter ${this.name}`, timeoutMs })
    this.#process?.send({ type, id } satisfies ToExporter)
    return answer
  }

  #answer(key: number | 'start', limit: { name: string; timeoutMs: number }): Promise<FromExporter> {
    const { promise, resolve, reject } = Promise.withResolvers<FromExporter>()
    this.#waiting.set(key, { resolve, reject })
    return withTimeLimit(limit, () => promise).finally(() => this.#waiting.delete(key))
  }

  #receive(message: FromExporter): void {
    const key = message.type === 'ready' ? 'start' : (message.id ?? 'start')
    const waiting = this.#waiting.get(key)
    if (message.type !== 'failed') waiting?.resolve(message)
    else waiting?.reject(new HardwareError(message.code, message.message))
  }

  #gone(child: ChildProcess, why: string): void {
    if (this.#process !== child) return
    this.#process = undefined
    const lines = this.#lastLines.map((line) => `\n  | ${line}`).join('')
    const error = new HardwareError(
      'EXPORTER_FAILED',
      `Exporter ${this.name} (${this.#options.file}) ended: ${why}${lines}`,
    )
    for (const { reject } of this.#waiting.values()) reject(error)
  }

  #print(line: string): void {
    this.#lastLines = [...this.#lastLines, line].slice(-20)
    this.#options.print(line)
  }
}
