import { AsyncLocalStorage } from 'node:async_hooks'
import { type Duplex, finished } from 'node:stream'

const current = new AsyncLocalStorage<Call>()
const never = new AbortController().signal

/** A method that is running for a client. */
export class Call {
  readonly signal: AbortSignal
  readonly #files: Duplex[] = []

  constructor(signal: AbortSignal) {
    this.signal = signal
  }

  /** Runs a driver's code as part of the call. */
  run<T>(code: () => T): T {
    return current.run(this, code)
  }

  /** Closes the files that the driver has opened: Python's client waits for that. What was written is sent first. */
  end(): void {
    for (const file of this.#files.splice(0)) {
      if (!file.writableEnded || file.writableFinished) file.destroy()
      else finished(file, { readable: false }, () => file.destroy())
    }
  }

  /** Notes a file that is open until the call ends. */
  addFile(file: Duplex): void {
    this.#files.push(file)
  }
}

/** The call that the code which asks is part of. */
export function currentCall(): Call | undefined {
  return current.getStore()
}

/**
 * The signal of the call under way, for drivers that wait: it is aborted when the client cancels the call, its time
 * limit runs out or its connection is lost.
 *
 * @example
 * ```ts
 * async waitForButton() {
 *   await once(this.button, 'press', { signal: callSignal() })
 * }
 * ```
 */
export function callSignal(): AbortSignal {
  return current.getStore()?.signal ?? never
}
