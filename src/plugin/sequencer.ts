import type { TestProject, TestSequencer, TestSequencerConstructor, TestSpecification, Vitest } from 'vitest/node'

import { type HardwareFile, orderFiles } from './order-files.ts'
import { Workers } from './workers.ts'

/** What the sequencer asks before each run. */
export interface Planner {
  /** How many boards some projects have together. */
  boardsOf(projects: readonly TestProject[]): number
  /** What files need of the hardware; those without needs are not among them. */
  plan(files: readonly TestSpecification[]): Promise<ReadonlyMap<TestSpecification, HardwareFile>>
}

/**
 * Makes a sequencer that starts files with needs as soon as there are boards for them, and leaves workers to the others.
 * Shards, and the order of files without needs, are as another sequencer has them.
 *
 * @param Wrapped the one that the user has configured, or Vitest's own. Files with needs start longest first with Vitest's
 *   usual one, and otherwise in the order that it gives, which may be random
 */
export function planningSequencer(Wrapped: TestSequencerConstructor, planner: Planner): TestSequencerConstructor {
  return class PlanningSequencer implements TestSequencer {
    readonly #wrapped: TestSequencer
    readonly #workers: Workers

    constructor(vitest: Vitest) {
      this.#wrapped = new Wrapped(vitest)
      this.#workers = new Workers(vitest)
      const { shuffle, seed } = vitest.config.sequence
      // Vitest itself says so only where its own sequencer is the one that is configured.
      if (Wrapped.name === 'RandomSequencer' && !shuffle) vitest.logger.log(`Running files with seed "${seed}"`)
    }

    async shard(files: TestSpecification[]): Promise<TestSpecification[]> {
      return this.#wrapped.shard(files)
    }

    async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
      const { BaseSequencer } = await import('vitest/node')
      // oxlint-disable-next-line unicorn/no-array-sort -- it is not an array's
      const inOrder = await this.#wrapped.sort(files)
      const hardware = await planner.plan(inOrder)
      const together = Map.groupBy(inOrder, ({ project }) => project.config.sequence.groupOrder)
      return [...together.values()].flatMap((group) => this.#arrange(group, hardware, Wrapped === BaseSequencer))
    }

    /** Puts the files of one `sequence.groupOrder` in order, which Vitest runs at the same time. */
    #arrange(
      files: readonly TestSpecification[],
      hardware: ReadonlyMap<TestSpecification, HardwareFile>,
      longestFirst: boolean,
    ): TestSpecification[] {
      const needy = files.filter((file) => hardware.has(file))
      // One file for each board, and one that is ready to follow it.
      const atOnce = Math.min(needy.length, 2 * planner.boardsOf(projectsOf(needy)))
      this.#workers.add(projectsOf(files), atOnce)
      const parts = Map.groupBy(files, ({ project }) => this.#workers.areAlone(project))
      return [...parts.values()].flatMap((part) => {
        // Where the user allows few workers, one of them is for files without needs.
        const workers = Math.min(...part.map(({ project }) => this.#workers.of(project)))
        const ahead = Math.min(atOnce, workers - 1)
        return orderFiles(part, (file) => hardware.get(file), { ahead, longestFirst })
      })
    }
  }
}

function projectsOf(files: readonly TestSpecification[]): TestProject[] {
  return [...new Set(files.map(({ project }) => project))]
}
