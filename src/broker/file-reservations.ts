import { anySignal } from '../base/abort.ts'
import { HardwareError, messageOf } from '../errors.ts'
import type { ExporterUser, ReserveWait } from '../leases/lease.ts'
import type { FileWait } from '../leases/run-event.ts'
import type { ExporterSlot } from './exporter-slot.ts'
import type { LeaseRequest } from './messages.ts'

/** The slots that a file gets, by its roles. */
export type Allocation = ReadonlyMap<string, ExporterSlot>

/** The reason why a role could not get its slot. */
export interface LeaseFailure {
  readonly role: string
  readonly slot: ExporterSlot
  readonly error: HardwareError
  /** True if neither another try nor another exporter helps. */
  readonly isFinal: boolean
}

/** The result of {@link FileReservations.reserve}. */
export interface ReserveResult {
  /** The slots that are reserved, in the order of the reservations. */
  readonly reserved: readonly (readonly [role: string, slot: ExporterSlot])[]
  readonly failures: readonly LeaseFailure[]
  /** True if another process holds an exporter, so that other exporters are tried before the file waits for it. */
  readonly heldByOtherProcess: boolean
}

/** Options of {@link FileReservations}. */
export interface FileReservationsOptions {
  /** The request, with the full path of the test file. */
  readonly request: LeaseRequest
  /** Receives each new reason why the file has no lease yet. */
  readonly waiting: (wait: FileWait) => void
  /** Called when other processes, or other clients of a controller, make the file wait. */
  readonly blocked: () => void
}

/** The reservations of one test file, which keep other processes away from its exporters. */
export class FileReservations {
  readonly #options: FileReservationsOptions
  /** The processes that held exporters when the file asked for them. */
  readonly #otherProcesses = new Map<ExporterSlot, ExporterUser>()
  #isPending = false

  constructor(options: FileReservationsOptions) {
    this.#options = options
  }

  /** True while a controller has no free exporter for the file. */
  get isPending(): boolean {
    return this.#isPending
  }

  /** The process that held an exporter when the file asked for it. The file waits for that process the next time. */
  otherProcessHolding(slot: ExporterSlot): ExporterUser | undefined {
    return this.#otherProcesses.get(slot)
  }

  /**
   * Reserves slots one after another, in an order that is the same for every file and every run, so that no two wait for each
   * other in a circle.
   *
   * @param ended ends the waits
   */
  async reserve(allocation: Allocation, ended: AbortSignal): Promise<ReserveResult> {
    const reserved: [role: string, slot: ExporterSlot][] = []
    const failures: LeaseFailure[] = []
    const inOrder = [...allocation].toSorted(([, one], [, other]) => compareOrder(one, other))
    for (const [role, slot] of inOrder) {
      const [, previous] = reserved.at(-1) ?? []
      try {
        if (previous !== undefined && isSameDevice(previous, slot)) throw sameDeviceError(previous, slot)
        const isReserved = await this.#reserve(slot, allocation.size > 1, ended)
        if (!isReserved) return { reserved, failures: [], heldByOtherProcess: true }
        reserved.push([role, slot])
      } catch (error) {
        const failure = failureOf(role, slot, error)
        failures.push(failure)
        // The file needs all of its exporters at once, so it waits for no other one.
        if (!failure.isFinal) break
      }
    }
    return { reserved, failures, heldByOtherProcess: false }
  }

  /** @returns false if another process holds the exporter, and the file has not waited for that process before */
  async #reserve(slot: ExporterSlot, partOfGroup: boolean, ended: AbortSignal): Promise<boolean> {
    const { request, waiting, blocked } = this.#options
    waiting({ type: 'reserving', exporter: slot.name })
    if (slot.pool.renewsFor(slot, request)) await slot.free()
    const giveUp = new AbortController()
    const report = (wait: ReserveWait) => {
      if (wait.type === 'process') {
        const isKnown = this.#otherProcesses.has(slot)
        this.#otherProcesses.set(slot, wait.process)
        if (!isKnown) {
          giveUp.abort(new HardwareError('CALL_CANCELLED', 'other exporters are tried first'))
          return
        }
      } else {
        this.#isPending = true
      }
      waiting({ exporter: slot.name, ...wait })
      blocked()
    }
    const signal = anySignal(ended, giveUp.signal)
    try {
      await slot.reserve({ signal, file: request.file, waiting: report, maxWaitMs: slot.pool.maxWaitMs(partOfGroup) })
      return true
    } catch (error) {
      if (ended.aborted || !giveUp.signal.aborted) throw error
      return false
    } finally {
      this.#isPending = false
    }
  }
}

/** The failure of a role whose slot could not be reserved, or whose session could not be opened. */
export function failureOf(role: string, slot: ExporterSlot, cause: unknown): LeaseFailure {
  const { code, origin } =
    cause instanceof HardwareError ? cause : { code: 'EXPORTER_FAILED' as const, origin: undefined }
  const message = `Exporter ${slot.name} could not be leased: ${messageOf(cause)}`
  const error = new HardwareError(code, message, { cause, origin, details: { role, exporter: slot.name } })
  return { role, slot, error, isFinal: slot.pool.isFinal(code) }
}

function isSameDevice({ exporter: one }: ExporterSlot, { exporter: other }: ExporterSlot): boolean {
  return one.local && other.local && one.order === other.order
}

function sameDeviceError({ name: one }: ExporterSlot, { name: other }: ExporterSlot): HardwareError {
  const what = `it and ${one} are the same device (one file, or one \`lock\`), and this file has ${one}`
  return new HardwareError('SETUP_BROKEN', `${what}; leave ${other} out of hardware({ exporters })`)
}

function compareOrder(
  { exporter: { order: one } }: ExporterSlot,
  { exporter: { order: other } }: ExporterSlot,
): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}
