import { join } from 'node:path'

import { Cleanups } from '../base/cleanups.ts'
import { createPrivateFolder } from '../base/private-folder.ts'
import { HardwareError } from '../errors.ts'
import type { Address } from '../protocol/address.ts'
import { type LeaseClient, placeOf } from '../protocol/lease-messages.ts'
import { ClientLeases } from './client-leases.ts'
import type { LeaseHooks } from './lease-hooks.ts'
import type { ListenOptions, OpenSession } from './open-session.ts'
import type { ServeOptions, SessionServer } from './service/server.ts'
import type { Session } from './session.ts'

/** Options of {@link ServedSession.start}. */
export interface ServedSessionOptions extends ListenOptions {
  /** Runs the exporter's hooks, if it has any. */
  readonly hooks?: LeaseHooks | undefined
  /** Receives a line for each client that is refused. */
  readonly print?: ((line: string) => void) | undefined
  /** Ends the start. */
  readonly signal?: AbortSignal | undefined
}

/** A session with a server. */
export class ServedSession implements OpenSession {
  readonly session: Session
  address = ''
  readonly #hooks: LeaseHooks | undefined
  readonly #cleanups = new Cleanups()
  /** Runs the hook after the lease. It is there once the hook before the lease has run. */
  #afterLease: (() => Promise<string | undefined>) | undefined
  #leaseEnd: Promise<string | undefined> | undefined
  #closing: Promise<void> | undefined

  /**
   * Resets the drivers of a session, listens, and runs the hook before the lease.
   *
   * @throws HardwareError HOOK_FAILED, EXPORTER_FAILED for an address on which the session cannot listen; the signal's reason;
   *   errors of drivers as they are
   */
  static async start(session: Session, options: ServedSessionOptions = {}): Promise<ServedSession> {
    const served = new ServedSession(session, options.hooks)
    try {
      await served.#start(options)
      return served
    } catch (error) {
      await served.close().catch(() => undefined)
      throw error
    }
  }

  private constructor(session: Session, hooks: LeaseHooks | undefined) {
    this.session = session
    this.#hooks = hooks
    this.#cleanups.add('the end of the session', () => session.close(), 'self-limited')
  }

  endLease(): Promise<string | undefined> {
    this.#leaseEnd ??= this.#afterLease?.() ?? Promise.resolve(undefined)
    return this.#leaseEnd
  }

  close(): Promise<void> {
    this.#closing ??= this.#cleanups.run()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #start({
    address,
    security: credentials,
    givesLeases,
    silenceMs,
    print,
    signal,
  }: ServedSessionOptions): Promise<void> {
    const hooks = this.#hooks
    const leases = givesLeases === true ? new ClientLeases((client) => this.#endClientLease(client)) : undefined
    const security = (credentials ?? leases) && { ...credentials, print, leases, silenceMs }
    await this.session.start(hooks?.beforeLease === undefined ? 'LEASE_READY' : 'BEFORE_LEASE_HOOK', signal)
    const server = address === undefined ? await this.#listenPrivately(security) : await this.#listen(address, security)
    this.address = server.address
    if (hooks === undefined) return
    // Hooks know neither the passphrase nor the authority of the certificate, and have no lease, so they get a socket without them.
    const isOpen = security === undefined && address === undefined
    const { address: hookAddress } = isOpen ? server : await this.#listenPrivately()
    await hooks.before(hookAddress)
    this.session.failed.throwIfAborted()
    this.#afterLease = () => hooks.after(hookAddress)
    this.#cleanups.add('the hook after the lease', () => this.endLease(), 'self-limited')
  }

  /** Makes the devices safe when the lease of a client has ended, however it did. */
  async #endClientLease(client: LeaseClient): Promise<void> {
    const text = `the lease of ${client.command}${placeOf(client)} is over`
    await this.session.makeSafe(new HardwareError('LEASE_LOST', text))
  }

  async #listen(address: Address, security?: ServeOptions): Promise<SessionServer> {
    const { serveSession } = await import('./service/server.ts')
    const server = await serveSession(this.session, address, security)
    this.#cleanups.add('the end of the server', () => server.close())
    return server
  }

  async #listenPrivately(security?: ServeOptions): Promise<SessionServer> {
    const folder = await createPrivateFolder()
    this.#cleanups.add('the removal of the folder', () => folder.remove())
    return this.#listen({ kind: 'unix', path: join(folder.path, 'session.sock') }, security)
  }
}
