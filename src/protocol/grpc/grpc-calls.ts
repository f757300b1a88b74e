import {
  type CallOptions,
  type Client,
  type ClientUnaryCall,
  type Metadata,
  type MethodDefinition,
  status as Status,
} from '@grpc/grpc-js'

import { HardwareError, isConnectionError, messageOf } from '../../errors.ts'
import { callError, callErrorBecause, type CallName, type Peer } from '../call-error.ts'
import type { WhenLost } from '../channel.ts'
import type { WaitOptions } from '../../base/wait-options.ts'
import { connectError, isConnectFailure } from './connect-error.ts'
import { inBatches } from './response-batches.ts'
import type { StatusLike } from '../call-status.ts'
import { fromStatus } from '../status.ts'
import { onAbort } from '../../base/abort.ts'
import { startTimer, stopTimer } from '../../base/clock.ts'

/** Makes the calls of a gRPC client, with limits, and with errors of this package. */
export class GrpcCalls {
  readonly #client: Client
  readonly #peer: Peer
  readonly #metadata: Metadata
  readonly #whenLost: WhenLost | undefined
  readonly #running = new Set<{ cancel(): void }>()
  #closed = false
  #reason: HardwareError | undefined

  /**
   * @param metadata goes with every call
   */
  constructor(client: Client, peer: Peer, metadata: Metadata, whenLost?: WhenLost) {
    this.#client = client
    this.#peer = peer
    this.#metadata = metadata
    this.#whenLost = whenLost
  }

  /**
   * Ends every call that is under way, and refuses others.
   *
   * @param reason the error of those calls, if there is more to say than that the connection is closed
   */
  close(reason?: HardwareError): void {
    this.#closed = true
    this.#reason ??= reason
    for (const call of this.#running) call.cancel()
  }

  /**
   * Makes a call with one answer.
   *
   * @param onMetadata gets the metadata that comes before the answer
   */
  async unary<Request, Response>(
    method: MethodDefinition<Request, Response>,
    message: Request,
    call: CallName,
    options: WaitOptions,
    onMetadata?: (metadata: Metadata) => void,
  ): Promise<Response> {
    try {
      this.requireOpen(call)
      return await this.#send(method, message, options, onMetadata)
    } catch (failure) {
      // The error is made here and not where the failure arrives, so that its stack leads to the caller.
      throw await this.#explain(failure, call, options)
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
            stopTiming()
            this.#running.delete(call)
            if (failure !== null) reject(failure)
            else resolve(response as Response)
          },
        ),
      )
      this.#running.add(call)
      if (onMetadata !== undefined) call.on('metadata', onMetadata)
      const stopTiming = endInTime(call, timeoutMs)
      const stopListening = onAbort(signal, () => call.cancel())
    })
  }

  /**
   * Makes a call with many answers. Leaving the loop cancels the call.
   *
   * @param read makes the value for the loop from an answer
   */
  async *serverStream<Request, Response, Value>(
    method: MethodDefinition<Request, Response>,
    message: Request,
    call: CallName,
    options: WaitOptions,
    read: (response: Response) => Value,
  ): AsyncGenerator<Value, void, void> {
    this.requireOpen(call)
    const { path, requestSerialize, responseDeserialize } = method
    const deadline = deadlineOf(options.timeoutMs)
    const running = this.#client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      message,
      this.#metadata,
      deadline,
    )
    this.#running.add(running)
    const stopTiming = endInTime(running, options.timeoutMs)
    const stopListening = onAbort(options.signal, () => running.cancel())
    try {
      for await (const batch of inBatches(running)) for (const response of batch) yield read(response)
    } catch (failure) {
      throw await this.#explain(failure, call, options)
    } finally {
      stopListening()
      stopTiming()
      this.#running.delete(running)
      running.cancel()
    }
  }

  /** @throws HardwareError the reason of {@link close}, or CONNECTION_LOST, after {@link close} */
  requireOpen(call: CallName): void {
    const { address, details } = this.#peer
    if (this.#reason !== undefined) throw callErrorBecause(call, this.#reason)
    if (this.#closed) throw callError('CONNECTION_LOST', call, `the connection to ${address} is closed`, { details })
  }

  /** Makes the error of a failed call. */
  toError(failure: unknown, call: CallName, { signal, timeoutMs }: WaitOptions): Error {
    const { address, details } = this.#peer
    if (!isStatus(failure)) {
      if (failure instanceof HardwareError) return failure
      // gRPC for Node.js has no status for some answers that break its rules.
      const text = `${address} answers against the rules of gRPC (${messageOf(failure)})`
      return callError('PROTOCOL_VIOLATION', call, text, { cause: failure, details })
    }
    if (isConnectFailure(failure)) return connectError(failure, call, this.#peer)
    if (failure.code === Status.DEADLINE_EXCEEDED && failure.details.startsWith('Deadline exceeded')) {
      const text = `no answer within ${timeoutMs} ms from ${address}`
      return callError('CALL_TIMEOUT', call, text, { details: { ...details, limitMs: timeoutMs } })
    }
    return fromStatus(failure, call, this.#peer, signal)
  }

  /** Makes the error of a failed call, with the reason why the connection was lost, if it is known. */
  async #explain(failure: unknown, call: CallName, options: WaitOptions): Promise<Error> {
    const error = this.toError(failure, call, options)
    if (!isConnectionError(error)) return error
    const reason = this.#reason ?? (await this.#whenLost?.())
    return reason === undefined ? error : callErrorBecause(call, reason, error)
  }
}

/**
 * Runs a function whose errors need no stack. grpc-js notes one for every call in case that it fails, a tenth of the cost of a
 * call. The stacks of our own errors lead to the caller all the same.
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

/** The deadline that the exporter gets. It is by the clock of grpc-js, which a test may have stopped or set. */
function deadlineOf(timeoutMs: number | undefined): CallOptions {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs }
}

/**
 * Ends a call at its time limit. grpc-js does so too, but with the timers of the test, which `vi.useFakeTimers()` stops.
 *
 * @returns a function that stops the timer
 */
function endInTime({ call }: Pick<ClientUnaryCall, 'call'>, timeoutMs: number | undefined): () => void {
  if (timeoutMs === undefined) return () => undefined
  const timer = startTimer(() => call?.cancelWithStatus(Status.DEADLINE_EXCEEDED, 'Deadline exceeded'), timeoutMs)
  return () => stopTimer(timer)
}

function isStatus(failure: unknown): failure is StatusLike {
  return failure instanceof Error && 'code' in failure && 'details' in failure && typeof failure.details === 'string'
}
