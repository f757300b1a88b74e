import { throwAll } from '../base/cleanups.ts'
import { now } from '../base/clock.ts'
import { callByName, findByName } from '../clients/call-by-name.ts'
import { connect, type Connection } from '../clients/connect.ts'
import { HardwareError, messageOf } from '../errors.ts'
import type { Endpoint } from '../protocol/endpoint.ts'

/** The longest time that connecting and all calls may take together, in milliseconds, as in an exporter of this package. */
export const callSafeTimeoutMs = 5_000
/** The time that each call has at least, in milliseconds, even if earlier ones took all of it. */
const minCallTimeoutMs = 500

/** A call that leaves a device safe: the names of its drivers from the root down and the method, such as `board.power.off`. */
export type SafeCall = string | { readonly call: string; readonly args?: readonly unknown[] | undefined }

/** Finds the mistakes of calls whose drivers an exporter does not have. */
export function findSafeMistakes({ root }: Connection, calls: readonly SafeCall[]): string[] {
  return calls.flatMap((entry, index) => {
    try {
      findByName(root, nameOf(entry))
      return []
    } catch (error) {
      return [`safe[${index}] is ${messageOf(error)}`]
    }
  })
}

/**
 * Makes the calls that leave an exporter's devices safe, one after another, in a connection of their own. A failure stops none of them.
 *
 * @throws HardwareError CLEANUP_FAILED with all failures
 */
export async function callSafe(endpoint: Endpoint, calls: readonly SafeCall[]): Promise<void> {
  const { address, ...options } = endpoint
  const deadline = now() + callSafeTimeoutMs
  const failures: unknown[] = []
  try {
    const connection = await connect(address, { ...options, timeoutMs: callSafeTimeoutMs })
    for (const entry of calls) {
      const timeoutMs = Math.max(minCallTimeoutMs, Math.round(deadline - now()))
      const args = typeof entry === 'string' ? [] : (entry.args ?? [])
      await callByName(connection.root, nameOf(entry), args, { timeoutMs }).catch((error: unknown) =>
        failures.push(error),
      )
    }
    connection.close()
    throwAll(failures)
  } catch (cause) {
    const details = { exporter: endpoint.name }
    const message = `${endpoint.name ?? address} may not be safe: ${messageOf(cause)}`
    throw new HardwareError('CLEANUP_FAILED', message, { cause, details })
  }
}

function nameOf(entry: SafeCall): string {
  return typeof entry === 'string' ? entry : entry.call
}
