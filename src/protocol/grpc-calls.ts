import { type CallOptions, type Client, type Metadata, type MethodDefinition, status as Status } from '@grpc/grpc-js'

import { HardwareError, isConnectionError } from '../errors.ts'
import type { WaitOptions, WhenLost } from './channel.ts'
import { inBatches } from './in-batches.ts'
import { fromStatus, type StatusLike } from './status.ts'
import { whenAborted } from './when-aborted.ts'

/** The calls of a gRPC client with limits, and with errors of ours. */
export class GrpcCalls {
  readonly #client: Client
  readonly #address: string
  readonly #metadata: Metadata
  readonly #whenLost: WhenLost | undefined
  readonly #running = new Set<{ cancel(): void }>()
  #closed = false
  #reason: HardwareError | undefined

  /**
   * @param address how errors name the other side
   * @param metadata goes with every call
   */
  constructor(client: Client, address: string, metadata: Metadata, whenLost?: WhenLost) {
    this.#client = client
    this.#address = address
    this.#metadata = metadata
    this.#whenLost = whenLost
  }

  /**
   * Ends every call that is under way, and refuses others.
   *
   * @param reason what they fail with, where there is something to say
   */
  close(reason?: HardwareError): void {
    this.#closed = true
    this.#reason ??= reason
    for (const call of this.#running) call.cancel()
  }

  /**
   * A call with one answer.
   *
   * @param label how errors name it
   * @param onMetadata gets what comes before the answer
   */
  async unary<Request, Response>(
    method: MethodDefinition<Request, Response>,
    message: Request,
    label: string,
    options: WaitOptions,
    onMetadata?: (metadata: Metadata) => void,
  ): Promise<Response> {
    try {
      this.requireOpen(label)
      return await this.#send(method, message, options, onMetadata)
    } catch (failure) {
      // Made here and not where it arrives, so that its stack leads to whoever awaits the call.
      throw await this.#explain(failure, label, options)
    }
  }

  #send<Request, Response>(
    { path, requestSerialize, responseDeserialize }: MethodDefinition<Request, Response>,
    message: Request,
    { signal, timeoutMs }: WaitOptions,
    onMetadata?: (metadata: Metadata) => void,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      const call = withoutStack(() =>
        this.#client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          message,
          this.#metadata,
          deadlineOf(timeoutMs),
          (failure, response) => {
            stopListening()
            this.#running.delete(call)
            if (failure !== null) reject(failure)
            else resolve(response as Response)
          },
        ),
      )
      this.#running.add(call)
      if (onMetadata !== undefined) call.on('metadata', onMetadata)
      const stopListening = whenAborted(signal, () => call.cancel())
    })
  }

  /**
   * A call with many answers. Leaving the loop cancels it.
   *
   * @param label how errors name it
   * @param read makes of an answer what the loop gets
   */
  async *serverStream<Request, Response, Value>(
    method: MethodDefinition<Request, Response>,
    message: Request,
    label: string,
    options: WaitOptions,
    read: (response: Response) => Value,
  ): AsyncGenerator<Value, void, void> {
    this.requireOpen(label)
    const { path, requestSerialize, responseDeserialize } = method
    const deadline = deadlineOf(options.timeoutMs)
    const call = this.#client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      message,
      this.#metadata,
      deadline,
    )
    this.#running.add(call)
    const stopListening = whenAborted(options.signal, () => call.cancel())
    try {
      for await (const batch of inBatches(call)) for (const response of batch) yield read(response)
    } catch (failure) {
      throw await this.#explain(failure, label, options)
    } finally {
      stopListening()
      this.#running.delete(call)
      call.cancel()
    }
  }

  /** @throws HardwareError CONNECTION_LOST once it is closed */
  requireOpen(label: string): void {
    if (this.#reason !== undefined) throw because(label, this.#reason)
    if (this.#closed)
      throw new HardwareError('CONNECTION_LOST', `${label}: the connection to ${this.#address} is closed`)
  }

  /** What a failed call throws. */
  toError(failure: unknown, label: string, { signal, timeoutMs }: WaitOptions): Error {
    if (!isStatus(failure)) return failure instanceof Error ? failure : new Error(String(failure))
    const { code, details } = failure
    if (code === Status.UNAVAILABLE && details.startsWith('No connection established')) {
      const message = `Cannot connect to ${this.#address}: ${explain(reasonOf(details))}`
      return new HardwareError('CONNECTION_FAILED', message, { cause: failure })
    }
    if (code === Status.DEADLINE_EXCEEDED && details.startsWith('Deadline exceeded')) {
      return new HardwareError('CALL_TIMEOUT', `${label}: no answer within ${timeoutMs} ms from ${this.#address}`)
    }
    return fromStatus(failure, label, this.#address, signal)
  }

  /** What a failed call throws; where the connection was lost, with what is known of why. */
  async #explain(failure: unknown, label: string, options: WaitOptions): Promise<Error> {
    const error = this.toError(failure, label, options)
    if (!isConnectionError(error)) return error
    const reason = this.#reason ?? (await this.#whenLost?.())
    return reason === undefined ? error : because(label, reason, error)
  }
}

/**
 * Runs something whose errors need no stack: grpc-js notes one for every call, a tenth of what a call costs, in case that
 * it fails. Those of our errors lead to the caller all the same.
 */
function withoutStack<T>(run: () => T): T {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return run()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

function deadlineOf(timeoutMs: number | undefined): CallOptions {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs }
}

function isStatus(failure: unknown): failure is StatusLike {
  return failure instanceof Error && 'code' in failure && 'details' in failure
}

/** `No connection established. Last error: Error: connect ENOENT /x. …` → `connect ENOENT /x` */
function reasonOf(details: string): string {
  return (
    /Last error: (?:Error: )?(?<reason>.*?)(?:\. Resolution note: .*)?$/s.exec(details)?.groups?.['reason'] ?? details
  )
}

/** What to do about a handshake that failed. */
function explain(reason: string): string {
  if (/wrong version number|packet length too long/i.test(reason)) {
    return 'it does not speak TLS; connect with insecure: true (JMP_GRPC_INSECURE=1) if that is intended'
  }
  if (/certificate|altnames/i.test(reason)) {
    return `${reason}. Name the authority that signed the certificate as 'ca', and the host as the certificate does`
  }
  if (/^Failed to connect|ECONNRESET|protocol error/i.test(reason)) {
    return `${reason}; it ended the connection at once. If it speaks TLS, connect without insecure (JMP_GRPC_INSECURE)`
  }
  return reason
}

function because(label: string, reason: HardwareError, cause: HardwareError = reason): HardwareError {
  return new HardwareError(reason.code, `${label}: ${reason.message}`, { cause, origin: reason.origin })
}
