import { AsyncLocalStorage } from 'node:async_hooks'
import { type Duplex, finished } from 'node:stream'

const current = new AsyncLocalStorage<Call>()
const never = new AbortController().signal

/** The driver whose code runs. */
export interface CallOwner {
  /** The name in messages: `board.power (MockPower)`. */
  readonly name: string
  /** The place in the tree: `board.power`; `undefined` for the root. */
  readonly path: string | undefined
  /** The driver; `undefined` while it is constructed. */
  readonly driver?: object | undefined
}

/** A running method of a driver: for a client, or its constructor, `reset()` and `close()`. */
export class Call {
  readonly signal: AbortSignal
  readonly owner: CallOwner
  readonly #files: Duplex[] = []

  constructor(owner: CallOwner, signal: AbortSignal = never) {
    this.owner = owner
    this.signal = signal
  }

  /** Runs a driver's code as part of the call. */
  run<T>(code: () => T): T {
    return current.run(this, code)
  }

  /** Closes the files that the driver has opened, because Python's client waits for that. Written bytes are sent first. */
  end(): void {
    for (const file of this.#files.splice(0)) {
      if (!file.writableEnded || file.writableFinished) file.destroy()
      else finished(file, { readable: false }, () => file.destroy())
    }
  }

  /** Adds a file, which is open until the call ends. */
  addFile(file: Duplex): void {
    this.#files.push(file)
  }
}

/** The call that the calling code is part of. */
export function currentCall(): Call | undefined {
  return current.getStore()
}

/**
 * Returns the signal of the current call, for drivers that wait. The signal is aborted when the client cancels the call, the time
 * limit of the call runs out, or the connection is lost.
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
