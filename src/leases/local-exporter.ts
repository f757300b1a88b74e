import { type ChildProcess, fork } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { extname } from 'node:path'
import { createInterface } from 'node:readline'

import { compileCacheEnvironment } from '../compile-cache.ts'
import { HardwareError, messageOf } from '../errors.ts'
import type { WaitOptions } from '../protocol/channel.ts'
import { withTimeLimit } from '../time-limit.ts'
import type { FromExporter, ToExporter } from './exporter-messages.ts'
import type { LeasableExporter, Lease } from './lease.ts'

/** How long an exporter may take to start, and to open a session, in milliseconds. */
const startTimeoutMs = 60_000
/** How long it may take to end a session, and itself, before it is killed. */
const stopTimeoutMs = 20_000
/** How long it may take until a process that was killed is gone, in milliseconds. */
const killTimeoutMs = 2_000

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
  #hooksMs = { before: 0, after: 0 }
  /** What the last process has left behind is being removed. */
  #removed: Promise<void> | undefined
  /** Why it is out of service. */
  #retired: HardwareError | undefined

  constructor(options: LocalExporterOptions) {
    this.name = options.name
    this.#options = options
  }

  async start(): Promise<void> {
    const entry = new URL(`../cli/exporter-process${extname(import.meta.url)}`, import.meta.url)
    const child = fork(entry, [this.#options.file], {
      execArgv: [],
      env: { ...process.env, ...compileCacheEnvironment() },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.#process = child
    this.#lastLines = []
    for (const output of [child.stdout, child.stderr]) {
      if (output !== null) createInterface(output).on('line', (line) => this.#print(line))
    }
    let folder: string | undefined
    child.on('message', (message: FromExporter) => {
      if (message.type === 'folder') folder = message.path
      else this.#receive(message)
    })
    child.on('error', (error) => this.#gone(child, error.message))
    child.on('exit', (code, signal) => {
      if (folder !== undefined) this.#removed = this.#remove(folder)
      this.#gone(child, signal === null ? `exit code ${code}` : signal)
    })
    const ready = await this.#answer('start', { name: `start of exporter ${this.name}`, timeoutMs: startTimeoutMs })
    if (ready.type !== 'ready') return
    this.labels = ready.labels
    this.#hooksMs = ready.hooksMs
    for (const warning of ready.warnings) this.#print(`warning: ${warning}`)
  }

  /** Ends it at once; only right while no session is open. */
  kill(): void {
    this.#process?.kill('SIGKILL')
  }

  async lease(options: WaitOptions = {}): Promise<Lease> {
    options.signal?.throwIfAborted()
    if (this.#retired !== undefined) throw this.#retired
    if (this.#process === undefined) await this.start()
    const opened = await this.#ask('open', 'session', startTimeoutMs + this.#hooksMs.before)
    let released: Promise<void> | undefined
    return {
      endpoint: { name: this.name, address: opened.type === 'opened' ? opened.address : '' },
      releaseTimeoutMs: this.#stopTimeoutMs,
      release: () => (released ??= this.#release()),
    }
  }

  async #release(): Promise<void> {
    if (this.#process === undefined) return
    try {
      await this.#ask('close', 'end of the session', this.#stopTimeoutMs)
    } catch (error) {
      // A session that does not end cannot be followed by another; the next lease starts the process anew.
      if (error instanceof HardwareError && error.timedOut) this.#process.kill('SIGKILL')
      throw error
    }
  }

  async close(): Promise<void> {
    const child = this.#process
    if (child !== undefined) await this.#stop(child)
    await this.#removed
  }

  async #stop(child: ChildProcess): Promise<void> {
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    if (child.connected) child.disconnect()
    const name = `stop of exporter ${this.name}`
    try {
      await withTimeLimit({ name, timeoutMs: this.#stopTimeoutMs }, () => exited)
    } catch (error) {
      child.kill('SIGKILL')
      await withTimeLimit({ name, timeoutMs: killTimeoutMs }, () => exited).catch(() => undefined)
      await this.#removed
      throw error
    }
  }

  /** The process does it itself unless it was killed. */
  async #remove(folder: string): Promise<void> {
    await rm(folder, { recursive: true, force: true }).catch((error: unknown) => this.#print(messageOf(error)))
  }

  get #stopTimeoutMs(): number {
    return stopTimeoutMs + this.#hooksMs.after
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

  #receive(message: Exclude<FromExporter, { type: 'folder' }>): void {
    const key = message.type === 'ready' ? 'start' : (message.id ?? 'start')
    const waiting = this.#waiting.get(key)
    if (message.type !== 'failed') {
      waiting?.resolve(message)
      return
    }
    const error = new HardwareError(message.code, message.message)
    if (message.retired === true) {
      const what = `Exporter ${this.name} is out of service: ${message.message}`
      this.#retired = new HardwareError(message.code, what, { cause: error })
    }
    waiting?.reject(error)
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
