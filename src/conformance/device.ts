import type { Driver } from '../runtime/driver.ts'

/** A driver to be tested, with its real part. A suite makes one for each test, and disposes of it after the test. */
export interface TestedDriver extends Partial<AsyncDisposable> {
  /** The driver, or the root of the tree that has it; see {@link ConformanceOptions.path}. */
  readonly driver: Driver
  /** Takes the real part away: kills the daemon, closes its port, pulls the plug. */
  interrupt?(): unknown
  /** Brings the real part back after {@link interrupt}. */
  restore?(): unknown
}

/** Makes a driver with its real part. Parts that tests can share may be started before, in `beforeAll`. */
export type CreateDriver<Device extends TestedDriver = TestedDriver> = () => Device | Promise<Device>

/** A config that is wrong in several places. */
export interface BadConfig {
  readonly config: Readonly<Record<string, unknown>>
  /** The texts that the error has to contain: one for each mistake, such as the key. */
  readonly mistakes: readonly string[]
}

/** Options of every suite. `Ability` names the abilities that devices of this kind may lack. */
export interface ConformanceOptions<Ability extends string = never> {
  /** The real part, with its version, for reports: `snmpd 5.9`. */
  readonly against?: string | undefined
  /** The place of the driver in the tree: `power`, `board.power` (default: the root). */
  readonly path?: string | undefined
  /**
   * The abilities that the device lacks, each with the reason. The tests that need them are skipped and print the reason.
   * `interrupt` says why the real part cannot be taken away.
   */
  readonly lacks?: Readonly<Partial<Record<Ability | 'interrupt', string>>> | undefined
  /** The longest that one use of the device may take, in milliseconds (default 10 000). */
  readonly timeoutMs?: number | undefined
  /**
   * The number of uses that have to be possible at once (default 20; 4 for images). Choose less for a device that needs seconds for each,
   * and 1 for one that cannot be used twice at once.
   */
  readonly usesAtOnce?: number | undefined
  /** A reason to skip the whole suite, such as a missing program (default: none). */
  readonly skip?: string | undefined
  /** A wrong config for the driver's class. By default the suite makes one from the rules in `static configRules`. */
  readonly badConfig?: BadConfig | undefined
}
