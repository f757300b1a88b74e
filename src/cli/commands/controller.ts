import type { ControllerExporter, ControllerLeaseState } from '../../protocol/controller-messages.ts'
import { type OutputFormat, printAll, printOne } from '../output.ts'
import { UsageError } from '../usage-error.ts'
import { type ControllerArguments, withController } from '../with-controller.ts'

/** The options that all commands for a controller have. */
interface Arguments extends ControllerArguments {
  readonly selector?: string
  readonly output?: OutputFormat
}

/** `vitest-hardware get exporters`: those that a controller has. */
export function getExporters({ selector, output, ...where }: Arguments): Promise<void> {
  return withController(where, async (controller) => {
    printAll(await controller.exporters(selector), output, exporterColumns)
  })
}

/** `vitest-hardware get leases`: the client's own, unless everybody's are asked for. */
export function getLeases({
  selector,
  output,
  all,
  everybody,
  ...where
}: Arguments & { readonly all?: boolean; readonly everybody?: boolean }): Promise<void> {
  return withController(where, async (controller) => {
    const options = { ...(all === undefined ? {} : { all }), ...(selector === undefined ? {} : { selector }) }
    const leases = await controller.leases(options)
    const shown = everybody === true ? leases : leases.filter(({ client }) => client === controller.name)
    printAll(shown, output, leaseColumns)
  })
}

/** `vitest-hardware create lease`: asks for one, and does not wait for its exporter. */
export function createLease({
  selector = '',
  output,
  name,
  duration,
  ...where
}: Arguments & { readonly name?: string; readonly duration: number }): Promise<void> {
  if (selector === '' && name === undefined) throw new UsageError(['a lease needs --selector or --name'])
  return withController(where, async (controller) => {
    printOne(await controller.createLease({ selector, exporter: name, durationMs: duration }), output, leaseColumns)
  })
}

/** `vitest-hardware update lease`: changes how long it lasts, or whose it is. */
export function updateLease(
  lease: string,
  { output, duration, toClient, ...where }: Arguments & { readonly duration?: number; readonly toClient?: string },
): Promise<void> {
  if (duration === undefined && toClient === undefined) {
    throw new UsageError(['nothing to change: give --duration or --to-client'])
  }
  return withController(where, async (controller) => {
    const changes = {
      ...(duration === undefined ? {} : { durationMs: duration }),
      ...(toClient === undefined ? {} : { client: toClient }),
    }
    printOne(await controller.updateLease(lease, changes), output, leaseColumns)
  })
}

/** `vitest-hardware delete leases`: ends those that are named, or all of the client's own. */
export function deleteLeases(
  names: readonly string[],
  { all, ...where }: Arguments & { readonly all?: boolean },
): Promise<void> {
  if ((names.length === 0) !== (all === true)) throw new UsageError(['name the leases to end, or give --all'])
  return withController(where, async (controller) => {
    const own = async () => (await controller.leases()).filter(({ client }) => client === controller.name)
    for (const name of all === true ? (await own()).map((lease) => lease.name) : names) {
      await controller.deleteLease(name)
      console.log(name)
    }
  })
}

const exporterColumns: Readonly<Record<string, (exporter: ControllerExporter) => string>> = {
  NAME: ({ name }) => name,
  STATUS: ({ status, online }) => (online ? status : `${status} (offline)`),
  LABELS: ({ labels }) => pairs(labels),
}

const leaseColumns: Readonly<Record<string, (lease: ControllerLeaseState) => string>> = {
  NAME: ({ name }) => name,
  CLIENT: ({ client }) => client,
  SELECTOR: ({ selector }) => selector,
  EXPORTER: ({ exporter = '' }) => exporter,
  STATE: ({ conditions }) => conditions.map(({ type, holds, reason }) => (holds ? type : reason)).join(','),
  SECONDS: ({ durationMs }) => String(durationMs / 1000),
}

function pairs(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
}
