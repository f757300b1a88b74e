import type { Reporter, TestCase } from 'vitest/node'

import { writeDocumentTable } from '../../support/document-table.ts'
import { type Fault, faults, phases } from '../../faults/support/matrix.ts'

/**
 * Writes what the tests have shown into the table of docs/faults.md. A cell that no test has filled, or that failed,
 * fails the run, and so does a table that differs from the committed one where CI is set.
 */
export default class FaultMatrixReporter implements Reporter {
  readonly #cells = new Map<string, string>()

  onTestCaseResult(test: TestCase): void {
    const cell = test.meta().fault
    if (cell === undefined) return
    const { state } = test.result()
    this.#cells.set(`${cell.fault}|${cell.phase}`, state === 'passed' ? cell.shown : state.toUpperCase())
  }

  onTestRunEnd(): void {
    if (this.#cells.size === 0) return
    const rows = (Object.keys(faults) as Fault[]).map((fault) => {
      const cells = phases.map((phase) => this.#cells.get(`${fault}|${phase}`) ?? 'MISSING')
      return `| ${[fault, `${faults[fault].boundS} s`, ...cells].join(' | ')} |`
    })
    const bad = rows.filter((row) => /FAILED|MISSING|SKIPPED|PENDING/.test(row))
    if (bad.length > 0) {
      console.error(`the matrix of faults is not complete:\n${bad.join('\n')}`)
      process.exitCode = 1
      return
    }
    const head = [`| | within | ${phases.join(' | ')} |`, `|---|---|${phases.map(() => '---|').join('')}`]
    writeDocumentTable('faults.md', 'npm run test:stress', [...head, ...rows].join('\n'))
  }
}
