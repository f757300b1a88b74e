import { CompositeDriver } from './composite-driver.ts'
import { Driver } from './driver.ts'
import type { SafeEntry } from './safe-state.ts'

const mark = Symbol.for('vitest-hardware.exporter')

/** An exporter written in code. */
export interface ExporterDefinition {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly environment?: readonly string[] | undefined
  readonly presignedAddresses?: readonly string[] | undefined
  readonly errorStacks?: boolean | undefined
  readonly safe?: readonly SafeEntry[] | undefined
  readonly lock?: string | undefined
  createRoot(): Driver
}

/**
 * Describes an exporter in a module, as its default export, where YAML is not enough.
 *
 * @param options.name the name of the exporter in messages
 * @param options.labels the labels that selectors are matched against
 * @param options.errorStacks sends the files and lines of drivers' errors also to other machines (default false)
 * @param options.environment the variables of the exporter's process for programs of drivers, in addition to the usual ones
 * @param options.presignedAddresses the addresses and subnets of its machine, such as `127.0.0.1`, from which clients may let the
 * exporter fetch files (default: none)
 * @param options.safe the calls at the end of each lease, such as `power.off` or `{ call: 'relay.call_method', args: ['off'] }`
 * (default: the calls that interfaces name)
 * @param options.lock the name of the exporter's lock on this machine (default: its file). Give several files for the same board
 * the same name, so that the board is not used twice at once
 * @param options.export makes new drivers for each session
 *
 * @example
 * ```ts
 * export default defineExporter({
 *   name: 'desk',
 *   labels: { board: 'uno' },
 *   export: () => ({ power: new Relay({ pin: 4 }) }),
 * })
 * ```
 */
export function defineExporter(options: {
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  readonly environment?: readonly string[]
  readonly presignedAddresses?: readonly string[]
  readonly errorStacks?: boolean
  readonly safe?: readonly SafeEntry[]
  readonly lock?: string
  readonly export: () => Readonly<Record<string, Driver>>
}): ExporterDefinition {
  const definition = {
    name: options.name,
    labels: options.labels ?? {},
    environment: options.environment,
    presignedAddresses: options.presignedAddresses,
    errorStacks: options.errorStacks,
    safe: options.safe,
    lock: options.lock,
    createRoot: () => new CompositeDriver(options.export()),
  }
  return Object.defineProperty(definition, mark, { value: true })
}

/** True for a value that {@link defineExporter} has made, also that of another copy of this package. */
export function isExporterDefinition(value: unknown): value is ExporterDefinition {
  return typeof value === 'object' && value !== null && mark in value
}
