import { HardwareError } from '../errors.ts'
import type { DriverReport } from '../protocol/exporter.ts'
import { clientLabel, nameLabel } from '../protocol/labels.ts'
import type { CallOwner } from './call.ts'
import { type Driver, interfaceOf } from './driver.ts'

/** A place in a tree of drivers. A driver with two parents has two places. */
export interface Place {
  readonly driver: Driver
  readonly parent: Driver | undefined
  readonly name: string | undefined
}

/**
 * Lists the places of a tree, parents before their children.
 *
 * @throws HardwareError EXPORTER_FAILED for a driver that contains itself
 */
export function* walkTree(
  driver: Driver,
  parent?: Driver,
  name?: string,
  above: readonly Driver[] = [],
): Generator<Place, void, void> {
  if (above.includes(driver)) {
    throw new HardwareError('EXPORTER_FAILED', `Driver ${driver.constructor.name} '${name}' contains itself`)
  }
  yield { driver, parent, name }
  for (const [childName, child] of Object.entries(driver.children)) {
    yield* walkTree(child, driver, childName, [...above, driver])
  }
}

/** Makes the report of a place for clients. */
export function describePlace({ driver, parent, name }: Place): DriverReport {
  return {
    uuid: driver.uuid,
    parentUuid: parent?.uuid,
    labels: {
      ...driver.labels,
      [clientLabel]: interfaceOf(driver).client,
      ...(name === undefined ? {} : { [nameLabel]: name }),
    },
    description: driver.description,
    methodsDescription: driver.methodsDescription,
  }
}

/** The path from the root to each driver: `board.power`; empty for the root. A driver with several places gets the first path. */
export function driverPaths(root: Driver): ReadonlyMap<Driver, string> {
  const paths = new Map<Driver, string>()
  for (const { driver, parent, name } of walkTree(root)) {
    if (paths.has(driver)) continue
    const above = parent === undefined ? '' : paths.get(parent)
    paths.set(driver, [above, name].filter(Boolean).join('.'))
  }
  return paths
}

/** Names a driver in a message, and for the errors of its code. @param path its place in the tree; empty for the root */
export function ownerAt(driver: Driver, path: string): CallOwner {
  const { name } = driver.constructor
  return { name: path === '' ? name : `${path} (${name})`, path: path || undefined, driver }
}
