import { startTimer, stopTimer } from '../../base/clock.ts'
import { withTimeLimit } from '../../base/time-limit.ts'
import type { LockOwner } from '../machine-lock/claim.ts'
import type { ExporterRequest, FromExporter } from './exporter-messages.ts'

/** The time in which the process has to confirm a request, in milliseconds. A process that does not hangs. */
const receiptTimeoutMs = 4_000
/** The time between a confirmation and the next ping, while a request takes long, in milliseconds. */
const pingAfterMs = 1_000

/** A request without its id. */
export type Request = ExporterRequest extends infer One
  ? One extends ExporterRequest
    ? Omit<One, 'id'>
    : never
  : never
/** The answer to a request. */
export type Answer = Extract<FromExporter, { type: 'opened' | 'activity' | 'done' }>

/** Options of a request. */
export interface AskOptions {
  /** The name of the request, for errors: `reservation`. */
  readonly name: string
  /** The longest time that the answer may take, in milliseconds (default no limit). */
  readonly timeoutMs?: number | undefined
  /** Receives the other process that uses the exporter, each time that it changes. */
  readonly waiting?: ((holder: LockOwner) => void) | undefined
}

/** The process to which {@link ExporterRequests} are sent. */
export interface RequestTarget {
  /** The exporter's name, for errors. */
  readonly name: string
  /** Sends a request. Calls back if it could not be sent. */
  readonly send: (request: ExporterRequest, failed: (error: Error) => void) => void
  /** The process has not confirmed a request in time. */
  readonly hangs: (why: string) => void
}

interface PendingRequest {
  received(): void
  waiting(holder: LockOwner): void
  resolve(answer: Answer): void
  reject(error: Error): void
}

/** The requests to the process of an exporter that have no answer yet. */
export class ExporterRequests {
  readonly #target: RequestTarget
  readonly #pending = new Map<number, PendingRequest>()
  #nextId = 0

  constructor(target: RequestTarget) {
    this.#target = target
  }

  /**
   * Sends a request, and waits for its answer. While that takes long, the process is pinged.
   *
   * @throws HardwareError CALL_TIMEOUT; the error that the request is failed with
   */
  async ask(request: Request, { name, timeoutMs, waiting }: AskOptions): Promise<Answer> {
    const id = this.#nextId++
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    let timer: NodeJS.Timeout | undefined
    const expectReceipt = () => {
      const why = `it hangs: for ${receiptTimeoutMs} ms it gave no sign of life during the ${name}`
      timer = startTimer(() => this.#target.hangs(why), receiptTimeoutMs)
    }
    const ping = () => {
      expectReceipt()
      this.#target.send({ type: 'ping', id }, () => undefined)
    }
    const received = () => {
      stopTimer(timer)
      timer = startTimer(ping, pingAfterMs)
    }
    expectReceipt()
    this.#pending.set(id, { received, waiting: (holder) => waiting?.(holder), resolve, reject })
    this.#target.send({ ...request, id }, reject)
    const limit = { name: `${name} of exporter ${this.#target.name}`, timeoutMs: timeoutMs ?? 0 }
    try {
      return await (timeoutMs === undefined ? promise : withTimeLimit(limit, () => promise))
    } finally {
      // A confirmation that comes later finds no request, and starts no timer.
      this.#pending.delete(id)
      stopTimer(timer)
    }
  }

  /** Takes a message from the process that belongs to a request. Messages of requests that have ended are dropped. */
  receive(message: Extract<FromExporter, { type: 'received' | 'waiting' }> | Answer): void {
    const pending = this.#pending.get(message.id)
    if (message.type === 'received') pending?.received()
    else if (message.type === 'waiting') pending?.waiting(message.holder)
    else pending?.resolve(message)
  }

  /** Fails one request. @returns false if there is no such request */
  fail(id: number | undefined, error: Error): boolean {
    const pending = id === undefined ? undefined : this.#pending.get(id)
    pending?.reject(error)
    return pending !== undefined
  }

  /** Fails all requests. */
  failAll(error: Error): void {
    for (const pending of this.#pending.values()) pending.reject(error)
  }
}
