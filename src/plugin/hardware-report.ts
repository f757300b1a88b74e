import type { TestAnnotation } from 'vitest'
import type { Reporter, TestCase, TestModule } from 'vitest/node'

import { describe, isLeaseEvent } from '../leases/describe-event.ts'
import type { TestHardware } from '../broker/messages.ts'
import type { RunEvent } from '../leases/run-event.ts'

/** The events that the end of the run repeats, where they are not lost among the tests. */
const repeatedTypes: ReadonlySet<RunEvent['type']> = new Set(['exporterFailed', 'retried', 'workerExited'])

/** Options of {@link HardwareReport}. */
export interface HardwareReportOptions {
  /** Prints a line for people who watch the run. */
  readonly print: (line: string) => void
  /** Adds annotations to a test, for all reporters that run at the end. */
  readonly annotate: (testId: string, annotations: readonly TestAnnotation[]) => void
  /** Called when a run begins, or in watch mode another one. */
  readonly started: () => void
  /** Called when a run ends. @returns when all events of the run have been reported */
  readonly ending: () => Promise<void>
}

/** Prints what happens to the hardware in a run. */
export class HardwareReport implements Reporter {
  readonly #options: HardwareReportOptions
  #repeated: string[] = []
  /** The exporters that did not start, for this run and in watch mode for those that follow. */
  readonly #notStarted: string[] = []
  /** True if the error of a test lists the exporters that did not start. */
  #isBrokenTold = false
  /** True if a file has had an exporter. */
  #hasLeased = false
  /** The files that got no exporter because none has their hardware, relative to the project's root. */
  readonly #withoutExporter = new Set<string>()

  constructor(options: HardwareReportOptions) {
    this.#options = options
  }

  onTestRunStart(): void {
    this.#options.started()
  }

  /** Prints the sentence of an event. An exporter that did not start is told at the end, unless the error of a test tells it. */
  receive(event: RunEvent): void {
    if (event.type === 'leased') this.#hasLeased = true
    if (event.type === 'refused') {
      if (event.code === 'SETUP_BROKEN') this.#isBrokenTold = true
      if (event.code === 'NO_EXPORTER') this.#withoutExporter.add(event.file)
    }
    const sentence = describe(event)
    if (sentence === undefined) return
    if (event.type === 'exporterNotStarted') {
      this.#notStarted.push(sentence)
      return
    }
    this.#print(sentence, isLeaseEvent(event) ? event.exporter : undefined)
    if (repeatedTypes.has(event.type)) this.#repeated.push(sentence)
  }

  /**
   * Adds the hardware of a test to its annotations, which JUnit's reporter writes as properties. Vitest's own function for
   * annotations waits for an answer of this process, for every test, and refuses tests that have failed.
   */
  onTestCaseResult(test: TestCase): void {
    this.annotate(test.id, test.meta().hardware)
  }

  /** Adds the hardware of a test to its annotations. */
  annotate(testId: string, { exporters, ...failure }: TestHardware = { exporters: {} }): void {
    const named = Object.entries(exporters).map(([role, exporter]) => [`exporter.${role}`, exporter])
    const facts = [...named, ...Object.entries(failure)]
    this.#options.annotate(
      testId,
      facts.map(([name, message = '']) => ({ type: `hardware.${name}`, message })),
    )
  }

  async onTestRunEnd(modules: readonly TestModule[] = []): Promise<void> {
    await this.#options.ending()
    const sentences = [
      ...this.#repeated,
      ...(this.#isBrokenTold ? [] : this.#notStarted),
      ...(this.#hasLeased ? [] : this.#describeSkipped(modules)),
    ]
    this.#repeated = []
    this.#isBrokenTold = false
    this.#hasLeased = false
    this.#withoutExporter.clear()
    if (sentences.length === 0) return
    this.#print('the hardware in this run:')
    for (const sentence of sentences) this.#print(`  ${sentence}`)
  }

  /** Tells of the tests that were skipped while they ran, in the files without an exporter. */
  #describeSkipped(modules: readonly TestModule[]): string[] {
    const skipped = modules.flatMap((module) => {
      if (!this.#withoutExporter.has(module.relativeModuleId)) return []
      const tests = Array.from(module.children.allTests('skipped')).filter(({ options }) => options.mode === 'run')
      return tests.length === 0 ? [] : [{ file: module.relativeModuleId, tests: tests.length }]
    })
    if (skipped.length === 0) return []
    const tests = skipped.reduce((sum, file) => sum + file.tests, 0)
    return [describe({ type: 'hardwareSkipped', tests, files: skipped.map(({ file }) => file) })]
  }

  #print(text: string, sender = 'vitest-hardware'): void {
    this.#options.print(`[${sender}] ${text}`)
  }
}
