import { setTimeout as delay } from 'node:timers/promises'

import { messageOf } from '../errors.ts'
import { hookWarningPrefix } from '../protocol/channel.ts'
import { environmentVariables as variables } from '../protocol/endpoint.ts'
import { type Hook, type Hooks, runHook } from './hooks.ts'
import type { Session } from './session.ts'

/** How long clients get to see that a hook has failed before the session ends, in milliseconds, as upstream waits. */
const lingerMs = 1_000

/** What {@link LeaseHooks} takes besides the hooks. */
interface LeaseHooksOptions {
  readonly print: (line: string) => void
  readonly signal: AbortSignal | undefined
  /** The lease of a controller. */
  readonly lease: { readonly name: string; readonly client: string } | undefined
}

/** Runs the hooks of one session, and tells its clients of them: in its state, and in its log. */
export class LeaseHooks {
  readonly #session: Session
  readonly #hooks: Hooks
  readonly #options: LeaseHooksOptions

  constructor(session: Session, hooks: Hooks, options: LeaseHooksOptions) {
    this.#session = session
    this.#hooks = hooks
    this.#options = options
  }

  get beforeLease(): Hook | undefined {
    return this.#hooks.beforeLease
  }

  /**
   * Runs the hook before the lease; afterwards drivers may be used.
   *
   * @param address the unix socket that the hook reaches the session at
   * @throws HardwareError HOOK_FAILED, unless it is only to warn
   */
  async before(address: string): Promise<void> {
    if (this.#hooks.beforeLease === undefined) return
    try {
      await this.#run('beforeLease', this.#hooks.beforeLease, address, this.#options.signal)
      this.#session.setStatus('LEASE_READY')
    } catch (error) {
      if (this.#hooks.beforeLease.onFailure !== 'warn' || this.#options.signal?.aborted === true) {
        await this.#fail('BEFORE_LEASE_HOOK_FAILED', error)
      }
      this.#warn(error)
      this.#session.setStatus('LEASE_READY', `${hookWarningPrefix}${messageOf(error)}`)
    }
  }

  /**
   * Runs the hook after the lease.
   *
   * @throws HardwareError HOOK_FAILED, unless it is only to warn
   */
  async after(address: string): Promise<void> {
    if (this.#hooks.afterLease === undefined) return
    this.#session.setStatus('AFTER_LEASE_HOOK')
    try {
      await this.#run('afterLease', this.#hooks.afterLease, address, undefined)
    } catch (error) {
      if (this.#hooks.afterLease.onFailure !== 'warn') await this.#fail('AFTER_LEASE_HOOK_FAILED', error)
      this.#warn(error)
    }
  }

  async #run(name: keyof Hooks, hook: Hook, address: string, signal: AbortSignal | undefined): Promise<void> {
    const source = name === 'beforeLease' ? 'BEFORE_LEASE_HOOK' : 'AFTER_LEASE_HOOK'
    await runHook(hook, {
      name,
      signal,
      environment: {
        [variables.address]: address,
        [variables.allow]: 'UNSAFE',
        // Without a controller leases have no names; this is what upstream's standalone exporter calls its own.
        [variables.hookLease]: this.#options.lease?.name ?? 'standalone',
        CLIENT_NAME: this.#options.lease?.client ?? '',
        // What belongs to a lease that this exporter may have been started in.
        [variables.lease]: undefined,
        [variables.name]: undefined,
        [variables.labels]: undefined,
        [variables.insecure]: undefined,
        [variables.passphrase]: undefined,
      },
      print: (line) => {
        this.#options.print(`${name}: ${line}`)
        this.#session.log.write({ severity: 'INFO', source, message: line })
      },
    })
  }

  #warn(error: unknown): void {
    this.#options.print(`warning: ${messageOf(error)}`)
    this.#session.log.write({ severity: 'WARNING', source: 'SYSTEM', message: messageOf(error) })
  }

  async #fail(status: 'BEFORE_LEASE_HOOK_FAILED' | 'AFTER_LEASE_HOOK_FAILED', error: unknown): Promise<never> {
    this.#session.setStatus(status, messageOf(error))
    await delay(lingerMs)
    throw error
  }
}
