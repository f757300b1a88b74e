import type { ControllerExporter, ControllerLeaseState } from '../../protocol/controller-messages.ts'
import { type OutputFormat, printAll, printOne } from '../output.ts'
import { UsageError } from '../usage-error.ts'
import { type ControllerArguments, withController } from '../with-controller.ts'

/** The options that all commands for a controller have. */
interface Arguments extends ControllerArguments {
  readonly selector?: string
  readonly output?: OutputFormat
}

/** `vitest-hardware get exporters`: those that a controller has, with who leases them if that is asked for. */
export function getExporters({
  selector,
  output,
  with: more,
  ...where
}: Arguments & { readonly with?: 'leases' }): Promise<void> {
  return withController(where, async (controller) => {
    const exporters = await controller.exporters(selector)
    if (more === undefined) return printAll(exporters, output, exporterColumns)
    const leases = await controller.leases()
    const leased = exporters.map((exporter) => {
      return { ...exporter, lease: leases.find((lease) => lease.exporter === exporter.name) }
    })
    return printAll(leased, output, { ...exporterColumns, 'LEASED BY': ({ lease }) => lease?.client ?? '' })
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
  name: exporter,
  duration: durationMs,
  beginTime: begin,
  leaseId,
  tag: tags = {},
  context = {},
  ...where
}: Arguments & CreateArguments): Promise<void> {
  if (selector === '' && exporter === undefined) throw new UsageError(['a lease needs --selector or --name'])
  return withController(where, async (controller) => {
    const wishes = { selector, exporter, durationMs, begin, tags, context, ...(leaseId && { name: leaseId }) }
    printOne(await controller.createLease(wishes), output, leaseColumns)
  })
}

interface CreateArguments {
  readonly name?: string
  readonly duration: number
  readonly beginTime?: Date
  readonly leaseId?: string
  readonly tag?: Readonly<Record<string, string>>
  readonly context?: Readonly<Record<string, string>>
}

/** `vitest-hardware update lease`: changes when it begins, how long it lasts, or whose it is. */
export function updateLease(
  lease: string,
  {
    output,
    duration,
    beginTime,
    toClient,
    ...where
  }: Arguments & { readonly duration?: number; readonly beginTime?: Date; readonly toClient?: string },
): Promise<void> {
  if (duration === undefined && beginTime === undefined && toClient === undefined) {
    throw new UsageError(['nothing to change: give --duration, --begin-time or --to-client'])
  }
  return withController(where, async (controller) => {
    const changes = {
      ...(duration === undefined ? {} : { durationMs: duration }),
      ...(beginTime === undefined ? {} : { begin: beginTime }),
      ...(toClient === undefined ? {} : { client: toClient }),
    }
    printOne(await controller.updateLease(lease, changes), output, leaseColumns)
  })
}

/** `vitest-hardware delete leases`: ends those that are named, or of the client's own all, or those with a selector. */
export function deleteLeases(
  names: readonly string[],
  { all, selector, ...where }: Arguments & { readonly all?: boolean },
): Promise<void> {
  if ([names.length > 0, all === true, selector !== undefined].filter(Boolean).length !== 1) {
    throw new UsageError(['name the leases to end, or give --selector, or --all'])
  }
  return withController(where, async (controller) => {
    const own = async () => {
      const leases = await controller.leases(selector === undefined ? {} : { selector })
      return leases.filter(({ client }) => client === controller.name)
    }
    for (const name of names.length > 0 ? names : (await own()).map((lease) => lease.name)) {
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
