import { EventEmitter, once } from 'node:events'
import type { Readable, Writable } from 'node:stream'

/** A process that execa has started, with what it prints on pipes. */
export interface PipedProcess {
  readonly stdout: Readable
  readonly stderr: Readable
  finally(callback: () => void): Promise<unknown>
}

/** Keeps what a process prints, and waits for parts of it. */
export class ProcessOutput {
  stdout = ''
  stderr = ''
  #all = ''
  #ended = false
  readonly #news = new EventEmitter()

  constructor(process: PipedProcess) {
    for (const name of ['stdout', 'stderr'] as const) {
      process[name].on('data', (chunk: Buffer) => {
        this[name] += String(chunk)
        this.#all += String(chunk)
        this.#news.emit('change')
      })
    }
    const end = () => {
      this.#ended = true
      this.#news.emit('change')
    }
    process.finally(end).catch(() => undefined)
  }

  /** Both streams, in the order in which their parts came. */
  get all(): string {
    return this.#all
  }

  /**
   * Waits until the output has a text or matches an expression.
   *
   * @returns the first group
   * @throws Error with the output when the process ends before, or the time is over
   */
  async prints(wanted: RegExp | string, timeoutMs = 30_000): Promise<string> {
    const limit = AbortSignal.timeout(timeoutMs)
    const missing = (reason: string) => new Error(`the process ${reason}, and did not print ${wanted}:\n${this.#all}`)
    for (;;) {
      const found = typeof wanted === 'string' ? this.#all.includes(wanted) && [''] : wanted.exec(this.#all)
      if (found) return found[1] ?? ''
      if (this.#ended) throw missing('has ended')
      await once(this.#news, 'change', { signal: limit }).catch(() => {
        throw missing(`took more than ${timeoutMs} ms`)
      })
    }
  }
}

/** Ends a server: Python's end with their input, the others with SIGTERM, and all with SIGKILL after 15 s. */
export async function endServer(
  server: PromiseLike<unknown> & { readonly stdin: Writable; kill(signal: NodeJS.Signals): boolean },
): Promise<void> {
  server.stdin.end()
  server.kill('SIGTERM')
  const kill = setTimeout(() => server.kill('SIGKILL'), 15_000)
  await server
  clearTimeout(kill)
}
