import type { Reporter, TestCase } from 'vitest/node'

import { writeDocumentTable } from '../../support/document-table.ts'
import { transports } from './exporters.ts'
import type { Cell, Direction } from './matrix.ts'

const directions: readonly Direction[] = ['our client, their exporter', 'their client, our exporter']

/**
 * Writes what the tests have shown into the table of docs/interop.md. A cell that no test has filled, or that failed,
 * fails the run, and so does a table that differs from the committed one where CI is set.
 */
export default class MatrixReporter implements Reporter {
  readonly #cells = new Map<string, string>()
  readonly #rows = new Set<string>()
  readonly #reasons: string[] = []

  onTestCaseResult(test: TestCase): void {
    const cell = test.meta().interop
    if (cell === undefined) return
    this.#rows.add(cell.interface)
    const passed = cell.unsupported === undefined ? 'yes' : `no (${this.#note(cell.unsupported)})`
    this.#cells.set(
      keyOf(cell),
      { passed, failed: 'FAILED', skipped: 'skipped', pending: 'pending' }[test.result().state],
    )
  }

  onTestRunEnd(): void {
    if (this.#rows.size === 0) return
    // Vitest runs files in an order of its own.
    const rows = [...this.#rows].toSorted().map((name) => {
      const cells = directions.flatMap((direction) =>
        transports.map((transport) => this.#cells.get(keyOf({ interface: name, direction, transport })) ?? 'MISSING'),
      )
      return `| ${[name, ...cells].join(' | ')} |`
    })
    const bad = rows.filter((row) => /FAILED|MISSING|skipped|pending/.test(row))
    if (bad.length > 0) {
      console.error(`interoperability is not complete:\n${bad.join('\n')}`)
      process.exitCode = 1
      return
    }
    const notes = this.#reasons.map((reason, index) => `${index + 1}. ${reason}`)
    writeDocumentTable(
      'interop.md',
      'npm run test:interop',
      [...head(), ...rows, ...(notes.length > 0 ? ['', ...notes] : [])].join('\n'),
    )
  }

  /** @returns the number of a reason under the table */
  #note(reason: string): number {
    if (!this.#reasons.includes(reason)) this.#reasons.push(reason)
    return this.#reasons.indexOf(reason) + 1
  }
}

function keyOf(cell: Cell): string {
  return [cell.interface, cell.direction, cell.transport].join('|')
}

function head(): string[] {
  const columns = directions.flatMap((direction) => transports.map((transport) => `${direction}: ${transport}`))
  return [`| | ${columns.join(' | ')} |`, `|---|${columns.map(() => '---|').join('')}`]
}
