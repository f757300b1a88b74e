import { untilAborted } from '../../base/abort.ts'
import type { SshConnection } from '../../base/ssh/ssh-connection.ts'

/** A login that several users share. It is made on first use, and again after it was lost. */
export class SharedConnection implements AsyncDisposable {
  readonly #login: () => Promise<SshConnection>
  #current: Promise<SshConnection> | undefined

  constructor(login: () => Promise<SshConnection>) {
    this.#login = login
  }

  /**
   * The connection that is open, or a new one.
   *
   * @param signal ends the wait, and not the login, for which others may wait
   */
  use(signal: AbortSignal): Promise<SshConnection> {
    this.#current = this.#renew(this.#current)
    this.#current.catch(() => undefined)
    return untilAborted(this.#current, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const connection = await this.#current?.catch(() => undefined)
    await connection?.[Symbol.asyncDispose]()
  }

  async #renew(before: Promise<SshConnection> | undefined): Promise<SshConnection> {
    const connection = await before?.catch(() => undefined)
    return connection === undefined || connection.lost.aborted ? this.#login() : connection
  }
}
