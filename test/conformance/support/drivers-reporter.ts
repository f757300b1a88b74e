import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Reporter, TestCase, TestSpecification } from 'vitest/node'

import type { ConformanceFacts } from '../../../src/conformance/index.ts'
import { writeDocumentTable } from '../../support/document-table.ts'

const folder = fileURLToPath(new URL('..', import.meta.url))

interface Row {
  readonly facts: ConformanceFacts
  passed: number
  readonly reasons: Set<string>
}

/**
 * Writes the results of the suites of `vitest-hardware/conformance` into the table of docs/drivers.md. A run that is not complete
 * (some files or tests only, a missing part, a failure) leaves the table as it is. A table that differs from the committed one fails
 * the run where CI is set.
 */
export default class DriversReporter implements Reporter {
  readonly #rows = new Map<string, Row>()
  #missing: string | undefined

  onTestRunStart(specifications: readonly TestSpecification[]): void {
    const files = globSync('**/*.test.ts', { cwd: folder }).length
    if (specifications.length < files) this.#missing = `${specifications.length} of ${files} files were run`
  }

  onTestCaseResult(test: TestCase): void {
    const facts = test.meta().conformance
    if (facts === undefined) return
    const { driver, suite, against = 'not named', notTested } = facts
    const key = JSON.stringify([driver, suite, against])
    const row = this.#rows.get(key) ?? { facts, passed: 0, reasons: new Set() }
    this.#rows.set(key, row)
    const { state } = test.result()
    if (state === 'passed') row.passed++
    else if (notTested !== undefined) row.reasons.add(notTested)
    else this.#missing = `'${test.fullName}' has ${state}`
  }

  onTestRunEnd(): void {
    const skipped = [...this.#rows.values()].find(({ passed }) => passed === 0)
    const missing =
      this.#missing ?? (skipped && `${skipped.facts.driver} was not tested: ${[...skipped.reasons].join()}`)
    if (missing !== undefined) {
      console.warn(`docs/drivers.md is left as it is, because ${missing}`)
      return
    }
    writeDocumentTable('drivers.md', 'npm run test:conformance', this.#table())
  }

  #table(): string {
    // Vitest runs files in an order of its own.
    const rows = [...this.#rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
    const notes = [...new Set(rows.flatMap(({ reasons }) => [...reasons]))]
    const lines = rows.map(({ facts, passed, reasons }) => {
      const numbers = Array.from(reasons, (reason) => notes.indexOf(reason) + 1).toSorted((a, b) => a - b)
      return `| ${[facts.driver, facts.suite, facts.against ?? '', passed, numbers.join(', ')].join(' | ')} |`
    })
    const head = ['| driver | suite | real part | tests passed | not tested, because |', '|---|---|---|--:|---|']
    return [...head, ...lines, '', ...notes.map((note, index) => `${index + 1}. ${note}`)].join('\n')
  }
}
