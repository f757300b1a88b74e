/** Compares the interfaces of this package with the drivers of Jumpstarter's wheels. */
import type { OurInterface } from './our-interfaces.ts'
import type { ExportedDriver, ExportedMethod } from './wheels.ts'

/** The interfaces and the drivers of one path of a client. */
export interface ClientPath {
  readonly path: string
  readonly ours: OurInterface | undefined
  readonly drivers: readonly ExportedDriver[]
  /** A sentence for each difference. */
  readonly differences: readonly string[]
}

/** Compares all paths of clients that either side has. Interfaces for devices that Jumpstarter has no driver for are left out. */
export function compareDrivers(all: readonly OurInterface[], theirs: readonly ExportedDriver[]): ClientPath[] {
  const ours = all.filter(({ client }) => !client.startsWith('vitest-hardware/'))
  const paths = new Set([...ours, ...theirs].map(({ client }) => client))
  return [...paths].toSorted().map((path) => {
    const own = ours.find(({ client }) => client === path)
    const drivers = theirs.filter(({ client }) => client === path)
    return { path, ours: own, drivers, differences: comparePath(path, own, drivers) }
  })
}

function comparePath(path: string, ours: OurInterface | undefined, drivers: readonly ExportedDriver[]): string[] {
  if (ours === undefined) return [`${path} has no interface here`]
  if (drivers.length === 0) return [`${path} has no driver there`]
  const differences = drivers.flatMap(({ driver, methods }) =>
    Object.entries(methods).flatMap(([name, theirs]) => {
      const [there, own] = [describe(name, theirs), ours.methods[name]]
      if (own === undefined) return [`${driver} has ${there}, ${ours.name} has not`]
      const here = describe(name, own)
      return here === there ? [] : [`${driver} has ${there}, ${ours.name} has ${here}`]
    }),
  )
  const exported = new Set(drivers.flatMap(({ methods }) => Object.keys(methods)))
  const added = Object.entries(ours.methods).filter(([name]) => !exported.has(name))
  return [...differences, ...added.map(([name, own]) => `${ours.name} has ${describe(name, own)}, no driver has`)]
}

const kinds: Readonly<Record<string, string>> = { call: '', streaming: 'streaming ', byteStream: 'byte stream ' }

/** `streaming call_method(method, env, ...args)`, with `?` after arguments that may be left out. */
function describe(name: string, { kind, args }: ExportedMethod): string {
  const listed = args.map((arg) => (arg.rest ? `...${arg.name}` : `${arg.name}${arg.optional ? '?' : ''}`))
  return `${kinds[kind] ?? kind}${name}(${listed.join(', ')})`
}
