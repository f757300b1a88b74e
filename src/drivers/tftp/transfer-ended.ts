/** The reason why a transfer was not completed. The client knows the reason, or cannot be reached. */
export class TransferEnded extends Error {}

/** A reason that is sent to the client. */
export class Refused extends TransferEnded {
  /** An error code of RFC 1350. */
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}
