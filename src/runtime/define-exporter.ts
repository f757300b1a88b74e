import { CompositeDriver } from './composite-driver.ts'
import { Driver } from './driver.ts'

const mark = Symbol.for('vitest-hardware.exporter')

/** An exporter written in code. */
export interface ExporterDefinition {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly safe?: readonly string[] | undefined
  readonly lock?: string | undefined
  createRoot(): Driver
}

/**
 * Describes an exporter in a module, as its default export, where YAML is not enough.
 *
 * @param options.name how the exporter is called in messages
 * @param options.labels what selectors are matched against
 * @param options.safe the calls, such as `power.off`, with which a lease ends (default: what interfaces name)
 * @param options.lock what it is known by on this machine (default: its file), so that one board that several files, or
 * copies of a file, stand for is not used twice at once
 * @param options.export makes the drivers, anew for each session
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
  readonly safe?: readonly string[]
  readonly lock?: string
  readonly export: () => Readonly<Record<string, Driver>>
}): ExporterDefinition {
  const definition = {
    name: options.name,
    labels: options.labels ?? {},
    safe: options.safe,
    lock: options.lock,
    createRoot: () => new CompositeDriver(options.export()),
  }
  return Object.defineProperty(definition, mark, { value: true })
}

/** Whether something came from {@link defineExporter}, of whichever copy of this package. */
export function isExporterDefinition(value: unknown): value is ExporterDefinition {
  return typeof value === 'object' && value !== null && mark in value
}
