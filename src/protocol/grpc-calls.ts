import { type CallOptions, type Client, type MethodDefinition, Metadata, status as Status } from '@grpc/grpc-js'

import { HardwareError } from '../errors.ts'
import type { WaitOptions } from './channel.ts'
import { fromStatus, type StatusLike } from './status.ts'

/** The calls of a gRPC client with limits, and with errors of ours. */
export class GrpcCalls {
  readonly #client: Client
  readonly #address: string
  readonly #running = new Set<{ cancel(): void }>()
  #closed = false

  /** @param address how errors name the other side */
  constructor(client: Client, address: string) {
    this.#client = client
    this.#address = address
  }

  /** Ends every call that is under way, and refuses others. */
  close(): void {
    this.#closed = true
    for (const call of this.#running) call.cancel()
  }

  /** A call with one answer. @param label how errors name it */
  async unary<Request, Response>(
    method: MethodDefinition<Request, Response>,
    message: Request,
    label: string,
    options: WaitOptions,
  ): Promise<Response> {
    try {
      this.requireOpen(label)
      return await this.#send(method, message, options)
    } catch (failure) {
      // Made here and not where it arrives, so that its stack leads to whoever awaits the call.
      throw this.toError(failure, label, options)
    }
  }

  #send<Request, Response>(
    { path, requestSerialize, responseDeserialize }: MethodDefinition<Request, Response>,
    message: Request,
    { signal, timeoutMs }: WaitOptions,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      const cancel = () => call.cancel()
      const call = this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        message,
        new Metadata(),
        deadlineOf(timeoutMs),
        (failure, response) => {
          signal?.removeEventListener('abort', cancel)
          this.#running.delete(call)
          if (failure !== null) reject(failure)
          else resolve(response as Response)
        },
      )
      this.#running.add(call)
      if (signal?.aborted === true) cancel()
      else signal?.addEventListener('abort', cancel, { once: true })
    })
  }

  /** A call with many answers. Leaving the loop cancels it. @param label how errors name it */
  async *serverStream<Request, Response>(
    method: MethodDefinition<Request, Response>,
    message: Request,
    label: string,
    { signal, timeoutMs }: WaitOptions,
  ): AsyncGenerator<Response, void, void> {
    this.requireOpen(label)
    const { path, requestSerialize, responseDeserialize } = method
    const call = this.#client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      message,
      deadlineOf(timeoutMs),
    )
    this.#running.add(call)
    const cancel = () => call.cancel()
    if (signal?.aborted === true) cancel()
    signal?.addEventListener('abort', cancel, { once: true })
    // Once the loop is left nobody else listens, and the status of the cancelled call is an error event.
    call.on('error', () => undefined)
    try {
      for await (const response of call) yield response as Response
    } catch (failure) {
      throw this.toError(failure, label, { signal, timeoutMs })
    } finally {
      signal?.removeEventListener('abort', cancel)
      this.#running.delete(call)
      call.cancel()
    }
  }

  /** @throws HardwareError CONNECTION_LOST once it is closed */
  requireOpen(label: string): void {
    if (this.#closed)
      throw new HardwareError('CONNECTION_LOST', `${label}: the connection to ${this.#address} is closed`)
  }

  /** What a failed call throws. */
  toError(failure: unknown, label: string, { signal, timeoutMs }: WaitOptions): Error {
    if (!isStatus(failure)) return failure instanceof Error ? failure : new Error(String(failure))
    const { code, details } = failure
    if (code === Status.UNAVAILABLE && details.startsWith('No connection established')) {
      const message = `Cannot connect to ${this.#address}: ${reasonOf(details)}`
      return new HardwareError('CONNECTION_FAILED', message, { cause: failure })
    }
    if (code === Status.DEADLINE_EXCEEDED && details.startsWith('Deadline exceeded')) {
      return new HardwareError('CALL_TIMEOUT', `${label}: no answer within ${timeoutMs} ms from ${this.#address}`)
    }
    return fromStatus(failure, label, signal)
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
