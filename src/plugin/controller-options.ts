import { isRecord } from './is-record.ts'

/** Leases of controllers have whole seconds, and extending them takes some time. */
const minDurationMs = 5_000
/** A day, and a year. */
const longestMs = { durationMs: 86_400_000, maxDurationMs: 31_536_000_000 }

/** How to reach Jumpstarter's controller, and what may be leased there. */
export interface ControllerOptions {
  /** The alias of a client (default: `JMP_*` of the environment, else the current one of `jmp config`). */
  readonly client?: string
  /** Its file instead, relative to the project's root. */
  readonly clientConfig?: string
  /**
   * For whom exporters are leased: for each `file` that needs some, so that files can run on several at once and others of
   * the fleet get their turn in between (default); or for the `run`, which keeps what a file has had for the files after it.
   */
  readonly lease?: 'file' | 'run'
  /**
   * How long a lease outlasts a run that was killed, in milliseconds (default one minute, at least 5 000): it is taken for
   * this long and extended.
   */
  readonly durationMs?: number
  /** How long one lease may last in all, in milliseconds (default one day; an hour where it cannot be extended). */
  readonly maxDurationMs?: number
}

/** @returns all mistakes in the option `controller` */
export function checkController(controller: unknown): string[] {
  if (!isRecord(controller)) return ["controller is not an object such as { client: 'default' }"]
  const { client = '-', clientConfig = '-', lease = 'file', durationMs = minDurationMs, ...others } = controller
  const { maxDurationMs = minDurationMs, ...unknown } = others
  return [
    ...(typeof client === 'string' && client !== '' ? [] : ['controller.client is not an alias']),
    ...(typeof clientConfig === 'string' && clientConfig !== '' ? [] : ['controller.clientConfig is not a path']),
    ...(lease === 'file' || lease === 'run' ? [] : [`controller.lease is '${String(lease)}'; there are file and run`]),
    ...Object.entries({ durationMs, maxDurationMs }).flatMap(([name, ms]) => {
      const most = longestMs[name as keyof typeof longestMs]
      if (typeof ms === 'number' && ms >= minDurationMs && ms <= most) return []
      return [`controller.${name} is not a number of milliseconds from ${minDurationMs} to ${most}`]
    }),
    ...Object.keys(unknown).map(
      (key) => `controller.${key} is not a key; there are client, clientConfig, lease, durationMs, maxDurationMs`,
    ),
  ]
}
