import type { Socket } from 'node:net'

import { HardwareError, messageOf } from '../errors.ts'
import { describeActivity } from '../leases/describe-activity.ts'
import { describeOwner } from '../leases/exporter-lock.ts'
import type { Lease } from '../leases/lease.ts'
import type { LockOwner } from '../leases/machine-lock-claim.ts'
import { writeMessage } from '../leases/message-stream.ts'
import type { FromBroker, LeaseRequest, RoleGrant } from './context.ts'
import type { Slot } from './exporter-slots.ts'

/** What cannot be leased for a reason that another try, or another exporter, does not change. */
const finalCodes: ReadonlySet<string> = new Set([
  'EXPORTER_CONFIG_INVALID',
  'HOOK_FAILED',
  'MODULE_MISSING',
  'NO_EXPORTER',
])

/** Why a slot that a role was to have could not be leased. */
export interface LeaseFailure {
  readonly role: string
  readonly slot: Slot
  readonly error: HardwareError
  /** Whether it may be tried again, there or elsewhere. */
  readonly isFinal: boolean
}

/** What {@link FileRequest.lease} tells. */
export interface LeaseListener {
  /** An exporter has gone before its lease was released. */
  lost(slot: Slot, error: HardwareError): void
  /** Another process has what is needed. */
  waiting(): void
}

/** What came of {@link FileRequest.lease}. */
export interface LeaseResult {
  /** What each role gets. */
  readonly roles: Readonly<Record<string, RoleGrant>>
  /** Why others get nothing. */
  readonly failures: readonly LeaseFailure[]
  /** Another process has an exporter; others are to be tried before it is waited for. */
  readonly isHeld?: boolean
}

/** A test file's connection to the broker, which is its lease: what it asks for, waits for and has. */
export class FileRequest {
  readonly request: LeaseRequest
  /** Where the test file is, for those who do not know what the request's is relative to. */
  readonly path: string
  /** When it got what it has, in milliseconds of `performance.now()`. */
  heldSince: number | undefined
  readonly #socket: Socket
  readonly #slots = new Set<Slot>()
  readonly #leases = new Map<Slot, Lease>()
  /** Those that another process had when it wanted them, and which. */
  readonly #heldElsewhere = new Map<Slot, string>()
  readonly #ended = new AbortController()
  /** Why roles could not be leased so far. */
  readonly failures = new Map<string, LeaseFailure>()
  /** Settles when what was allocated has been leased, or not. */
  granting: Promise<void> | undefined
  /** Settles when it has ended, with what could not be cleaned up. */
  ending: Promise<readonly string[]> | undefined
  /** Whether a controller has nothing for it yet. */
  isPending = false
  /** What it waits for, for messages; nothing any more once it is decided. */
  waitingFor: string | undefined

  constructor(socket: Socket, request: LeaseRequest, path: string) {
    this.#socket = socket
    this.path = path
    this.request = request
  }

  get ended(): boolean {
    return this.#ended.signal.aborted
  }

  /** Which other process had an exporter when it was wanted; the next time it is waited for. */
  holderElsewhere(slot: Slot): string | undefined {
    return this.#heldElsewhere.get(slot)
  }

  /** Says what it waits for. */
  wait(message: string): void {
    if (this.waitingFor === message) return
    this.waitingFor = message
    this.send({ type: 'waiting', message })
  }

  /** Says what it gets. */
  decide(roles: Readonly<Record<string, RoleGrant>>): void {
    this.waitingFor = undefined
    const releaseTimeoutMs = Math.max(0, ...Array.from(this.#leases.values(), (lease) => lease.releaseTimeoutMs))
    if (!this.ended) this.send({ type: 'decided', roles, releaseTimeoutMs })
  }

  send(message: FromBroker): void {
    if (this.#socket.writable) writeMessage(this.#socket, message)
  }

  /**
   * Leases an exporter for each role: first keeps other processes away from all, in an order that is the same for
   * everyone, so that no two runs wait for each other; then opens a session of each.
   *
   * What has been reserved, or leased, is to be released whatever comes of it.
   */
  async lease(allocation: ReadonlyMap<string, Slot>, listener: LeaseListener): Promise<LeaseResult> {
    const roles: Record<string, RoleGrant> = {}
    const failures: LeaseFailure[] = []
    const failed = (role: string, slot: Slot, cause: unknown) => {
      const code = cause instanceof HardwareError ? cause.code : 'EXPORTER_FAILED'
      // A controller has looked for others itself; what it gives up for a moment is tried again.
      const isFinal = slot.ofController === undefined ? finalCodes.has(code) : code !== 'LEASE_TIMEOUT'
      const message = `Exporter ${slot.exporter.name} could not be leased: ${messageOf(cause)}`
      failures.push({ role, slot, error: new HardwareError(code, message, { cause }), isFinal })
    }
    for (const slot of allocation.values()) this.#slots.add(slot)
    const reserved: [string, Slot][] = []
    for (const [role, slot] of [...allocation].toSorted(([, one], [, other]) => compare(one, other))) {
      const [, previous] = reserved.at(-1) ?? []
      try {
        if (previous !== undefined && isSameDevice(previous, slot)) throw sameDevice(previous, slot)
        if (!(await this.#reserve(slot, listener, allocation.size > 1))) return { roles, failures: [], isHeld: true }
        reserved.push([role, slot])
      } catch (error) {
        failed(role, slot, error)
        // Nothing is waited for that is of no use then.
        if (failures.some(({ isFinal }) => !isFinal)) return { roles, failures }
      }
    }
    if (allocation.size > 0) {
      this.heldSince = performance.now()
      this.wait(`a session of ${nameSlots(allocation.values())} is being opened`)
    }
    const leased = reserved.map(async ([role, slot]) => {
      try {
        const lease = await slot.exporter.lease({ signal: this.#ended.signal })
        this.#leases.set(slot, lease)
        lease.lost.addEventListener('abort', () => listener.lost(slot, lease.lost.reason as HardwareError))
        roles[role] = {
          granted: true,
          exporter: slot.exporter.name,
          endpoint: lease.endpoint,
          local: slot.exporter.local || lease.endpoint.redialTimeoutMs !== undefined,
        }
      } catch (error) {
        failed(role, slot, error)
      }
    })
    await Promise.all(leased)
    return { roles, failures }
  }

  /** Ends its wait for other processes. */
  end(): void {
    this.#ended.abort(new HardwareError('CALL_CANCELLED', 'the file has ended'))
  }

  /**
   * Gives all it has back.
   *
   * @param free frees a slot for other processes
   * @returns which slots could not be cleaned up, and why
   */
  async release(free: (slot: Slot) => Promise<void>): Promise<ReadonlyMap<Slot, string>> {
    const problems = new Map<Slot, string>()
    const released = Array.from(this.#slots, async (slot) => {
      try {
        await this.#leases.get(slot)?.release()
        await free(slot)
      } catch (error) {
        problems.set(slot, messageOf(error))
        await free(slot).catch(() => undefined)
      }
    })
    await Promise.all(released)
    for (const slot of this.#slots) if (slot.holder === this) slot.holder = undefined
    this.#slots.clear()
    this.#leases.clear()
    return problems
  }

  /** What its worker has left undone that has ended: `in the middle of a lease …`; nothing where that is nothing. */
  async describe(): Promise<string | undefined> {
    if (this.waitingFor !== undefined) return this.ended ? undefined : `while it waited: ${this.waitingFor}`
    if (this.#leases.size === 0) return undefined
    if (this.ended) return `before ${nameSlots(this.#leases.keys())} had been cleaned up`
    const exporters = Array.from(this.#leases, async ([{ exporter }, lease]) => {
      const activity = await lease.activity().catch(() => undefined)
      return `exporter ${exporter.name}${activity === undefined ? '' : describeActivity(activity)}`
    })
    return `in the middle of a lease. It had:\n${(await Promise.all(exporters)).join('\n')}`
  }

  /** @returns false where another process has it, the first time */
  async #reserve(slot: Slot, listener: LeaseListener, isOneOfSeveral: boolean): Promise<boolean> {
    clearTimeout(slot.idle)
    slot.idle = undefined
    if (slot.ofController !== undefined) this.wait(`exporter ${slot.exporter.name} is being leased`)
    // What a test has failed on begins anew.
    if (slot.ofController === 'run' && this.request.avoid?.includes(slot.exporter.name)) await slot.exporter.free()
    const giveUp = new AbortController()
    const waiting = (holder: LockOwner) => {
      const isKnown = this.#heldElsewhere.has(slot)
      this.#heldElsewhere.set(slot, describeOwner(holder))
      if (!isKnown) {
        giveUp.abort(new HardwareError('CALL_CANCELLED', 'others are tried first'))
        return
      }
      this.wait(`exporter ${slot.exporter.name} is held by ${describeOwner(holder)}`)
      listener.waiting()
    }
    const pending = (why: string) => {
      this.isPending = true
      this.wait(`exporter ${slot.exporter.name}: ${why}`)
      listener.waiting()
    }
    const signal = AbortSignal.any([this.#ended.signal, giveUp.signal])
    try {
      await slot.exporter.reserve({ signal, file: this.path, waiting, pending, isOneOfSeveral })
      return true
    } catch (error) {
      if (this.ended || !giveUp.signal.aborted) throw error
      return false
    } finally {
      this.isPending = false
    }
  }
}

function nameSlots(slots: Iterable<Slot>): string {
  return Array.from(slots, ({ exporter }) => `exporter ${exporter.name}`).join(', ')
}

function isSameDevice({ exporter: one }: Slot, { exporter: other }: Slot): boolean {
  return one.local && other.local && one.order === other.order
}

function sameDevice({ exporter: one }: Slot, { exporter: other }: Slot): HardwareError {
  const what = `it and ${one.name} are the same device (one file, or one \`lock\`), and this file has ${one.name}`
  return new HardwareError('NO_EXPORTER', `${what}; leave ${other.name} out of hardware({ exporters })`)
}

function compare({ exporter: { order: one } }: Slot, { exporter: { order: other } }: Slot): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}
