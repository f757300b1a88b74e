import { InterceptingCall, type Interceptor } from '@grpc/grpc-js'

/**
 * The bytes of a call that may be under way before its writer waits. Many small messages go out together, but several large
 * ones would only push each other out of the processor's cache.
 */
const maxUnderWay = 64 * 1024
/** The bytes that count for a message without a payload. */
const otherLength = 512

/** Counts the bytes that are being sent, and lets the writer go on while they are few. */
export class UnderWay {
  #bytes = 0
  #waiting: (() => void) | undefined

  get isEmpty(): boolean {
    return this.#bytes === 0
  }

  /**
   * Notes a message.
   *
   * @param taken lets the writer go on
   * @returns a function to call when the message has been sent
   */
  add(message: unknown, taken: () => void): () => void {
    const { payload } = message as { readonly payload?: Uint8Array }
    const length = payload?.length ?? otherLength
    this.#bytes += length
    if (this.#bytes < maxUnderWay) queueMicrotask(taken)
    else this.#waiting = taken
    return () => {
      this.#bytes -= length
      if (this.#bytes >= maxUnderWay) return
      const waiting = this.#waiting
      this.#waiting = undefined
      waiting?.()
    }
  }
}

type MessageContext = Parameters<InterceptingCall['sendMessageWithContext']>[0]

/**
 * Takes the next message of a stream while others are still being sent. By itself grpc-js waits for the socket after every
 * message. Here the messages that are written meanwhile go out with one system call instead of one for each.
 */
class EagerCall extends InterceptingCall {
  readonly #underWay = new UnderWay()
  #ending = false

  override sendMessageWithContext(context: MessageContext, message: unknown): void {
    const sent = this.#underWay.add(message, () => context.callback?.())
    const callback = () => {
      sent()
      if (this.#ending && this.#underWay.isEmpty) super.halfClose()
    }
    super.sendMessageWithContext({ ...context, callback }, message)
  }

  /** grpc-js would put the end before messages that its filters still hold. */
  override halfClose(): void {
    if (this.#underWay.isEmpty) super.halfClose()
    else this.#ending = true
  }
}

/** Makes a call write eagerly. */
export const eagerWrites: Interceptor = (options, nextCall) => new EagerCall(nextCall(options))
