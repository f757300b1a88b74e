/** Why a transfer did not come to its end. The client knows, or is not there to be told. */
export class TransferEnded extends Error {}

/** An end that the client is told of. */
export class Refused extends TransferEnded {
  /** One of RFC 1350's. */
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}
