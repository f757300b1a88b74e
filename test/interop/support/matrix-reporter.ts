import type { Reporter, TestCase } from 'vitest/node'

import { driverTypes } from '../../../src/drivers/types.ts'
import { writeDocumentTable } from '../../support/document-table.ts'
import { transports } from './exporters.ts'
import type { Cell, Direction } from './matrix.ts'

const directions: readonly Direction[] = ['our client, their exporter', 'their client, our exporter']
const tableOfDrivers =
  'A driver does not know the transport. So the tests of the following drivers take TCP alone. A dash stands for a driver that only one side has.'

/**
 * Writes what the tests have shown into the tables of docs/interop.md. A cell that no test has filled, or that failed,
 * fails the run, and so does a table that differs from the committed one where CI is set.
 */
export default class MatrixReporter implements Reporter {
  readonly #cells = new Map<string, string>()
  /** The rows of the table of transports. */
  readonly #rows = new Set<string>()
  /** The rows of the table of drivers, with the types of the drivers. */
  readonly #drivers = new Map<string, string>()
  readonly #reasons: string[] = []

  onTestCaseResult(test: TestCase): void {
    const cell = test.meta().interop
    if (cell === undefined) return
    if (cell.driver === undefined) this.#rows.add(cell.interface)
    else this.#drivers.set(cell.interface, cell.driver)
    const passed = cell.unsupported === undefined ? 'yes' : `no (${this.#note(cell.unsupported)})`
    this.#cells.set(
      keyOf(cell),
      { passed, failed: 'FAILED', skipped: 'skipped', pending: 'pending' }[test.result().state],
    )
  }

  onTestRunEnd(): void {
    if (this.#rows.size === 0) return
    const [rows, drivers] = [this.#transportRows(), this.#driverRows()]
    const bad = [...rows, ...drivers].filter((row) => /FAILED|MISSING|skipped|pending/.test(row))
    if (bad.length > 0) {
      console.error(`interoperability is not complete:\n${bad.join('\n')}`)
      process.exitCode = 1
      return
    }
    const columns = directions.flatMap((direction) => transports.map((transport) => `${direction}: ${transport}`))
    const lines = [
      ...[...head('', ...columns), ...rows, ''],
      ...[tableOfDrivers, '', ...head('', 'driver', ...directions), ...drivers, ''],
      ...this.#reasons.map((reason, index) => `${index + 1}. ${reason}`),
    ]
    writeDocumentTable('interop.md', 'npm run test:interop', lines.join('\n').trim())
  }

  #transportRows(): string[] {
    // Vitest runs files in an order of its own.
    return [...this.#rows].toSorted().map((name) => {
      const cells = directions.flatMap((direction) =>
        transports.map((transport) => this.#cells.get(keyOf({ interface: name, direction, transport })) ?? 'MISSING'),
      )
      return row(name, ...cells)
    })
  }

  #driverRows(): string[] {
    return [...this.#drivers.keys()].toSorted().map((name) => {
      const driver = this.#drivers.get(name) ?? ''
      const cells = directions.map((direction) => {
        const cell = this.#cells.get(keyOf({ interface: name, direction, transport: 'TCP' }))
        const isTheirs = direction === 'our client, their exporter'
        const hasDriver = isTheirs ? !driver.startsWith('vitest-hardware/') : driverTypes.has(driver)
        return cell ?? (hasDriver ? 'MISSING' : '–')
      })
      return row(name, `\`${driver}\``, ...cells)
    })
  }

  /** @returns the number of a reason under the tables */
  #note(reason: string): number {
    if (!this.#reasons.includes(reason)) this.#reasons.push(reason)
    return this.#reasons.indexOf(reason) + 1
  }
}

function keyOf(cell: Cell): string {
  return [cell.interface, cell.direction, cell.transport].join('|')
}

function row(...cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function head(...columns: readonly string[]): string[] {
  return [row(...columns), `|${columns.map(() => '---|').join('')}`]
}
