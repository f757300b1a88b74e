import { HardwareError } from '../errors.ts'

/** The variable that names the mildest lines of an exporter's log that are shown. */
export const logLevelVariable = 'VITEST_HARDWARE_LOG'

/** The mildest lines that are shown; `off` for none. */
export const logLevels = ['debug', 'info', 'warning', 'error', 'off'] as const

/** One of {@link logLevels}. */
export type LogLevel = (typeof logLevels)[number]

const defaultLevel: LogLevel = 'warning'

/**
 * Reads the level from the environment.
 *
 * @returns `warning` if it names none
 * @throws HardwareError PLUGIN_OPTIONS_INVALID for any other text
 */
export function logLevelFrom(environment: Readonly<Record<string, string | undefined>>): LogLevel {
  const given = environment[logLevelVariable] || defaultLevel
  const level = logLevels.find((known) => known === given)
  if (level !== undefined) return level
  const message = `${logLevelVariable} is '${given}'; it has to be one of ${logLevels.join(', ')}`
  throw new HardwareError('PLUGIN_OPTIONS_INVALID', message)
}

/** A line of an exporter's log. */
interface LogLine {
  /** The name of the severity, as in Python: `WARNING`. */
  readonly severity: string
  readonly message: string
  readonly source: string
}

/** True for a line of a driver, or of the exporter itself, that the level shows. The output of hooks is printed by others. */
export function isShown({ severity, source }: LogLine, level: LogLevel): boolean {
  if (level === 'off' || source === 'BEFORE_LEASE_HOOK' || source === 'AFTER_LEASE_HOOK') return false
  const own = logLevels.findIndex((name) => name === severity.toLowerCase())
  // A name that is no level is CRITICAL.
  return own === -1 || own >= logLevels.indexOf(level)
}

/** A line of the log, for people: `warning: [driver.Psu] the fan is slow`. */
export function describeLogLine({ severity, message }: LogLine): string {
  return `${severity.toLowerCase()}: ${message}`
}
