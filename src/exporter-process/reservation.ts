import { HardwareError } from '../errors.ts'
import type { LockOwner } from '../leases/machine-lock/claim.ts'
import { exporterLockKey } from '../leases/machine-lock/exporter-lock.ts'
import { lockOnMachine, type MachineLock } from '../leases/machine-lock/machine-lock.ts'
import type { Exporter } from '../runtime/exporter.ts'
import { makeExporterSafe } from '../runtime/open-session.ts'

/** The process that reserves an exporter, and a callback for the wait. */
export interface ReservationOptions {
  /** The exporter's file. */
  readonly file: string
  readonly owner: Omit<LockOwner, 'since'>
  /** Receives the other process that uses the exporter, each time that it changes. */
  readonly waiting: (holder: LockOwner) => void
}

/** A lock on an exporter, held or waited for. */
export class Reservation {
  readonly #giveUp = new AbortController()
  readonly #lock: Promise<MachineLock>

  /** Begins to wait for the lock at once. */
  constructor(exporter: Exporter, options: ReservationOptions) {
    this.#lock = lockAndMakeSafe(exporter, options, this.#giveUp.signal)
  }

  /** Waits for the lock. The devices are safe then. */
  async ready(): Promise<void> {
    await this.#lock
  }

  /** Ends the wait, or releases the lock. */
  async end(): Promise<void> {
    this.#giveUp.abort(new HardwareError('CALL_CANCELLED', 'nobody waits for the exporter any more'))
    const lock = await this.#lock.catch(() => undefined)
    await lock?.release()
  }
}

async function lockAndMakeSafe(
  exporter: Exporter,
  { file, owner, waiting }: ReservationOptions,
  signal: AbortSignal,
): Promise<MachineLock> {
  const lock = await lockOnMachine(exporterLockKey(file, exporter.lock), { owner, signal, waiting })
  try {
    // The process that used the devices was killed, and could not make them safe.
    if (lock.abandoned) await makeExporterSafe(exporter)
    return lock
  } catch (error) {
    await lock.release()
    throw error
  }
}
