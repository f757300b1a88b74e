import type { TestProject, TestSequencer, TestSequencerConstructor, TestSpecification, Vitest } from 'vitest/node'

import { type HardwareFile, scheduleFiles } from './schedule-files.ts'
import { WorkerCounts } from './worker-counts.ts'

/** The knowledge of the hardware that a sequencer needs before each run. */
export interface Planner {
  /** The number of boards that some projects have together. */
  boardsOf(projects: readonly TestProject[]): number
  /** Finds the needs of files. Files without needs are not in the result. */
  plan(files: readonly TestSpecification[]): Promise<ReadonlyMap<TestSpecification, HardwareFile>>
}

/**
 * Makes a sequencer that starts files with needs as soon as there are boards for them, and leaves workers to the other files.
 * Another sequencer makes the shards and the order of files without needs.
 *
 * @param Wrapped the sequencer that the user has configured, or Vitest's own. With Vitest's usual sequencer, files with needs
 *   start longest first; with another one, they start in its order, which may be random
 */
export function planningSequencer(Wrapped: TestSequencerConstructor, planner: Planner): TestSequencerConstructor {
  return class PlanningSequencer implements TestSequencer {
    readonly #wrapped: TestSequencer
    readonly #workers: WorkerCounts

    constructor(vitest: Vitest) {
      this.#wrapped = new Wrapped(vitest)
      this.#workers = new WorkerCounts(vitest)
      const { shuffle, seed } = vitest.config.sequence
      // Vitest prints it only if its own sequencer is configured.
      if (Wrapped.name === 'RandomSequencer' && !shuffle) vitest.logger.log(`Running files with seed "${seed}"`)
    }

    async shard(files: TestSpecification[]): Promise<TestSpecification[]> {
      return this.#wrapped.shard(files)
    }

    async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
      const { BaseSequencer } = await import('vitest/node')
      // oxlint-disable-next-line unicorn/no-array-sort -- not the method of an array
      const inOrder = await this.#wrapped.sort(files)
      const hardware = await planner.plan(inOrder)
      const together = Map.groupBy(inOrder, ({ project }) => project.config.sequence.groupOrder)
      return [...together.values()].flatMap((group) => this.#arrange(group, hardware, Wrapped === BaseSequencer))
    }

    /** Puts the files of one `sequence.groupOrder` in order. Vitest runs them at the same time. */
    #arrange(
      files: readonly TestSpecification[],
      hardware: ReadonlyMap<TestSpecification, HardwareFile>,
      longestFirst: boolean,
    ): TestSpecification[] {
      const withNeeds = files.filter((file) => hardware.has(file))
      // One file uses each board, and one is ready to follow it.
      const atOnce = Math.min(withNeeds.length, 2 * planner.boardsOf(projectsOf(withNeeds)))
      this.#workers.add(projectsOf(files), atOnce)
      const parts = Map.groupBy(files, ({ project }) => this.#workers.areAlone(project))
      return [...parts.values()].flatMap((part) => {
        // One worker is for files without needs, also if the user allows only a few.
        const workers = Math.min(...part.map(({ project }) => this.#workers.of(project)))
        const filesBefore = Math.min(atOnce, workers - 1)
        return scheduleFiles(part, (file) => hardware.get(file), { filesBefore, longestFirst })
      })
    }
  }
}

function projectsOf(files: readonly TestSpecification[]): TestProject[] {
  return [...new Set(files.map(({ project }) => project))]
}
