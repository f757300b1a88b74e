/** Something that a driver needs on the exporter's machine, and whether it is there. */
export interface Requirement {
  /** What is needed: `the program ipmitool`, `/dev/ttyUSB0`. */
  readonly name: string
  /** True if it is there. */
  readonly isMet: boolean
  /** What was found, or what is wrong: `version 1.8.19`, `permission denied`. */
  readonly found?: string | undefined
  /** What to do where it is not there: `apt install ipmitool`. */
  readonly cure?: string | undefined
}

/** Options of the static `check` of a driver's class. */
export interface CheckOptions {
  /** Ends the check. */
  readonly signal?: AbortSignal | undefined
}
