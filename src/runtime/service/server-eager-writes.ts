import { type ServerInterceptor, ServerInterceptingCall, type ServerInterceptingCallInterface } from '@grpc/grpc-js'

import { UnderWay } from '../../protocol/grpc/eager-writes.ts'

/**
 * Takes the next message of a stream while others are still being sent. Without it grpc-js waits for the socket after every
 * message. Messages that are written meanwhile go out with one system call instead of one for each.
 */
class EagerCall extends ServerInterceptingCall {
  readonly #underWay = new UnderWay()

  override sendMessage(message: unknown, taken: () => void): void {
    super.sendMessage(message, this.#underWay.add(message, taken))
  }
}

/** Makes streams of answers write eagerly. */
export const eagerWrites: ServerInterceptor = ({ responseStream }, call: ServerInterceptingCallInterface) =>
  responseStream ? new EagerCall(call) : new ServerInterceptingCall(call)
