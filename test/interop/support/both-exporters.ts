import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'vitest'

import { startOurs } from './exporters.ts'
import { type Direction, defineDriverCell } from './matrix.ts'
import { PythonClient } from './python.ts'
import { type DriverSetUp, type ExporterParts, exporterHead, useTheirDrivers } from './their-drivers.ts'

/** What the two exporters are started with. */
interface BothParts extends ExporterParts {
  /** The drivers that Jumpstarter's exporter has beside those of both. */
  readonly theirEntries?: string
  /** Those that ours has beside them. */
  readonly ourEntries?: string
}

/** Starts Jumpstarter's exporter and ours over TCP, with the same drivers, for the tests of the block that calls it. */
export function useBothExporters(setUp: (to: DriverSetUp) => Promise<BothParts>) {
  let python: PythonClient | undefined
  const theirs = useTheirDrivers(async (to) => {
    const { entries, theirEntries = '', ourEntries = '', variables } = await setUp(to)
    const file = join(to.folder, 'ours.yaml')
    writeFileSync(file, exporterHead + entries + ourEntries)
    const exporter = to.peers.use(await startOurs(file, 'TCP', to.certificates, variables))
    python = to.peers.use(await PythonClient.connect(exporter.endpoint))
    return { entries: entries + theirEntries, ...(variables === undefined ? {} : { variables }) }
  })
  return {
    ...theirs,
    /** Runs code with Python's client of our exporter; see {@link PythonClient.run}. */
    async python<T = unknown>(code: string, values?: Record<string, unknown>): Promise<T> {
      if (python === undefined) throw new Error('our exporter has not been started')
      return python.run<T>(code, values)
    },
  }
}

/**
 * Makes the functions that define the tests of drivers which both sides have.
 *
 * @param drivers the rows of the table of drivers, and the types of the drivers
 */
export function driverCells<Row extends string>(drivers: Readonly<Record<Row, string>>) {
  const cell = (direction: Direction) => (name: Row, run: (context: TestContext) => Promise<void>) =>
    defineDriverCell({ interface: name, driver: drivers[name], direction }, run)
  return { ourCell: cell('our client, their exporter'), theirCell: cell('their client, our exporter') }
}
