import { finished } from 'node:stream'

import type { sendUnaryData, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js'

import { onAbort } from '../../base/abort.ts'
import type { ToStatus } from '../../protocol/status.ts'

type StreamAnswer<Request, Record> = (request: Request, signal: AbortSignal) => AsyncGenerator<Record, void, void>

type UnaryAnswer<Request, Response> = (
  request: Request,
  signal: AbortSignal,
  call: ServerUnaryCall<Request, Response>,
) => Response | Promise<Response>

/** Makes the functions that make handlers. @param toStatus makes the answer to a call that has failed */
export function handlersFor(toStatus: ToStatus) {
  return {
    unary: <Request, Response>(answer: UnaryAnswer<Request, Response>) => unary(answer, toStatus),
    serverStream: <Request, Record, Response>(
      read: StreamAnswer<Request, Record>,
      toResponse: (record: Record, request: Request) => Response,
    ) => serverStream(read, toResponse, toStatus),
  }
}

/** Makes a handler for a call with one answer. @param answer gets a signal that is aborted when the client cancels or goes away */
function unary<Request, Response>(answer: UnaryAnswer<Request, Response>, toStatus: ToStatus) {
  return (call: ServerUnaryCall<Request, Response>, respond: sendUnaryData<Response>): void => {
    const { signal, end } = cancellationOf(call)
    const run = async () => answer(call.request, signal, call)
    run()
      .finally(end)
      .then(
        (response) => respond(null, response),
        (error: unknown) => respond(toStatus(error)),
      )
  }
}

/** Makes a handler for a call with a stream of answers. @param read gets the same signal as in {@link unary} */
function serverStream<Request, Record, Response>(
  read: StreamAnswer<Request, Record>,
  toResponse: (record: Record, request: Request) => Response,
  toStatus: ToStatus,
) {
  const sendAll = async (call: ServerWritableStream<Request, Response>): Promise<void> => {
    const { signal, end } = cancellationOf(call)
    try {
      for await (const record of read(call.request, signal)) {
        if (signal.aborted) break
        if (!call.write(toResponse(record, call.request))) await drained(call, signal)
      }
      end()
      call.end()
    } catch (error) {
      end()
      call.emit('error', toStatus(error))
    }
  }
  return (call: ServerWritableStream<Request, Response>): void => void sendAll(call)
}

/** A call that its client may cancel. */
interface Cancellation {
  readonly signal: AbortSignal
  /** Ends the call. grpc-js emits `cancelled` for calls that have ended, too; then it does not abort the signal any more. */
  readonly end: () => void
}

/** @param call emits `cancelled` when its client cancels the call or goes away */
function cancellationOf(call: { on(event: 'cancelled', listener: () => void): unknown }): Cancellation {
  const controller = new AbortController()
  let hasEnded = false
  call.on('cancelled', () => {
    if (!hasEnded) controller.abort(new Error('the client cancelled the call'))
  })
  return { signal: controller.signal, end: () => void (hasEnded = true) }
}

/** Waits until a call takes more answers, or has ended. */
function drained(call: ServerWritableStream<unknown, unknown>, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  call.once('drain', resolve)
  const stopWaiting = finished(call, () => resolve())
  const stopListening = onAbort(signal, resolve)
  return promise.finally(() => {
    call.off('drain', resolve)
    stopWaiting()
    stopListening()
  })
}
