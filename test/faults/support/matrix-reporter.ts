import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Reporter, TestCase } from 'vitest/node'

import { type Fault, faults, phases } from './matrix.ts'

const document = fileURLToPath(new URL('../../../docs/faults.md', import.meta.url))
const [begin, end] = ['<!-- table begin: written by npm run test:faults -->', '<!-- table end -->']

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
    this.#write([...head, ...rows].join('\n'))
  }

  #write(table: string): void {
    const text = readFileSync(document, 'utf8')
    const [before, after] = [text.indexOf(begin) + begin.length, text.indexOf(end)]
    const written = `${text.slice(0, before)}\n\n${table}\n\n${text.slice(after)}`
    if (written === text) return
    writeFileSync(document, written)
    console.error('docs/faults.md was out of date, and has been written anew')
    if (process.env['CI']) process.exitCode = 1
  }
}
