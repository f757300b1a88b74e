import { appendFileSync } from 'node:fs'
import type { Reporter, Vitest } from 'vitest/node'

/** Writes down the number of workers of each project, a line for each run. */
export default class WorkerCounter implements Reporter {
  #vitest: Vitest | undefined

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
  }

  onTestRunEnd(): void {
    const workers = this.#vitest?.projects.map(({ name, config }) => [name, config.maxWorkers]) ?? []
    appendFileSync('workers.jsonl', `${JSON.stringify(Object.fromEntries(workers))}\n`)
  }
}
