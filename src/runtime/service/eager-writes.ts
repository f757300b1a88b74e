import { type ServerInterceptor, ServerInterceptingCall, type ServerInterceptingCallInterface } from '@grpc/grpc-js'

import { UnderWay } from '../../protocol/eager-writes.ts'

/**
 * Takes the next message of a stream while others are still being sent. By itself grpc-js waits for the socket after every
 * message; what is written meanwhile goes out with one system call instead of one for each.
 */
class EagerCall extends ServerInterceptingCall {
  readonly #underWay = new UnderWay()

  override sendMessage(message: unknown, taken: () => void): void {
    super.sendMessage(message, this.#underWay.add(message, taken))
  }
}

/** Makes the calls of a server that answer with a stream write eagerly. */
export const eagerWrites: ServerInterceptor = ({ responseStream }, call: ServerInterceptingCallInterface) =>
  responseStream ? new EagerCall(call) : new ServerInterceptingCall(call)
