import { childEnvironment } from '../base/child-environment.ts'
import { pause } from '../base/pause.ts'
import { messageOf } from '../errors.ts'
import { hookWarningPrefix } from '../protocol/exporter.ts'
import { environmentVariables as variables } from '../protocol/environment-variables.ts'
import { type Hook, type Hooks, runHook } from './hooks.ts'
import type { Session } from './session.ts'

/** The time in which clients can still read that a hook has failed, in milliseconds; Jumpstarter's exporter has the same. */
const failureNoticeMs = 1_000

/** Options of {@link LeaseHooks}. */
interface LeaseHooksOptions {
  readonly print: (line: string) => void
  readonly signal: AbortSignal | undefined
  /** The variables of this process for the hooks, in addition to the usual ones. */
  readonly environment: readonly string[] | undefined
  /** The lease of a controller. */
  readonly lease: { readonly name: string; readonly client: string } | undefined
}

/** Runs the hooks of one session, and reports them to clients in the session's state and log. */
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
   * Runs the hook before the lease. Drivers may be used after it.
   *
   * @param address the unix socket of the session, for the hook
   * @throws HardwareError HOOK_FAILED, unless `onFailure` is `warn`
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
   * @returns the message for the state of a lease whose hook has failed with `onFailure: warn`
   * @throws HardwareError HOOK_FAILED, unless `onFailure` is `warn`
   */
  async after(address: string): Promise<string | undefined> {
    if (this.#hooks.afterLease === undefined) return undefined
    this.#session.setStatus('AFTER_LEASE_HOOK')
    try {
      await this.#run('afterLease', this.#hooks.afterLease, address, undefined)
      return undefined
    } catch (error) {
      if (this.#hooks.afterLease.onFailure !== 'warn') await this.#fail('AFTER_LEASE_HOOK_FAILED', error)
      this.#warn(error)
      return `${hookWarningPrefix}${messageOf(error)}`
    }
  }

  async #run(name: keyof Hooks, hook: Hook, address: string, signal: AbortSignal | undefined): Promise<void> {
    const source = name === 'beforeLease' ? 'BEFORE_LEASE_HOOK' : 'AFTER_LEASE_HOOK'
    await runHook(hook, {
      name,
      signal,
      environment: {
        ...childEnvironment(this.#options.environment),
        TERM: 'dumb',
        DEBIAN_FRONTEND: 'noninteractive',
        GIT_TERMINAL_PROMPT: '0',
        [variables.address]: address,
        [variables.allow]: 'UNSAFE',
        // Without a controller a lease has no name; Jumpstarter's standalone exporter uses this one.
        [variables.hookLease]: this.#options.lease?.name ?? 'standalone',
        CLIENT_NAME: this.#options.lease?.client ?? '',
        // This exporter may have been started in a lease; the variables of that lease are not for the hook.
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

  /** A warning is a line of the log, which is printed with the lines of drivers. */
  #warn(error: unknown): void {
    this.#session.log.write({ severity: 'WARNING', source: 'SYSTEM', message: messageOf(error) })
  }

  async #fail(status: 'BEFORE_LEASE_HOOK_FAILED' | 'AFTER_LEASE_HOOK_FAILED', error: unknown): Promise<never> {
    this.#session.setStatus(status, messageOf(error))
    await pause(failureNoticeMs)
    throw error
  }
}
