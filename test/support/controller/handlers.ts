import type { handleUnaryCall, Metadata, sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js'

/** A handler of a call with one answer, from a function. */
export function unary<Request, Response>(
  answer: (
    request: Request,
    metadata: Metadata,
    call: ServerUnaryCall<Request, Response>,
  ) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, done: sendUnaryData<Response>) => {
    const run = async () => answer(call.request, call.metadata, call)
    run().then(
      (response) => done(null, response),
      (error: Error) => done(error),
    )
  }
}
