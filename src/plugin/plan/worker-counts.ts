import { availableParallelism } from 'node:os'
import type { TestProject, Vitest } from 'vitest/node'

/** The options about workers that Vitest's types leave out. */
interface WorkerOptions {
  /** Missing in Vitest 4 if nobody has set it. */
  readonly maxWorkers?: number
  /** The options that somebody has set; Vitest 5 only. */
  readonly providedOptions?: { readonly maxWorkers?: boolean }
  readonly fileParallelism?: boolean
}

/** The numbers of workers with which Vitest runs the files of its projects. */
export class WorkerCounts {
  readonly #vitest: Vitest
  /** The number that Vitest chose for a project, before workers were added; `undefined` if the user chose it. */
  readonly #chosen = new Map<TestProject, number | undefined>()

  /** Reads the configuration, before workers are added. */
  constructor(vitest: Vitest) {
    this.#vitest = vitest
    for (const project of vitest.projects) {
      this.#chosen.set(project, this.#isFixed(project) ? undefined : this.of(project))
    }
  }

  /** The number of workers that run files of a project at the same time. */
  of(project: TestProject): number {
    return this.#optionsOf(project).maxWorkers ?? this.#optionsOf(this.#vitest).maxWorkers ?? this.#usual
  }

  /** True if Vitest runs the files of a project one by one, after the files of all other projects. */
  areAlone(project: TestProject): boolean {
    const { isolate, sequence } = project.config
    return isolate && sequence.groupOrder === 0 && this.of(project) === 1
  }

  /**
   * Adds workers for files that wait for hardware, which meanwhile cost only memory. A number that the user has chosen stays as
   * it is. May be called again for each run.
   *
   * @param projects the projects of one `sequence.groupOrder`, which must have the same number of workers
   */
  add(projects: readonly TestProject[], more: number): void {
    const fixed = projects.filter((project) => this.#chosen.get(project) === undefined)
    // The pages of a browser do not wait for hardware, and their number would grow, too.
    const browsers = projects.some(({ config }) => config.browser.enabled)
    if (browsers || !fixed.every((project) => this.areAlone(project))) return
    for (const project of projects) {
      const chosen = this.#chosen.get(project)
      // Leave a correct value alone: assigning it would mark it as set by the user.
      if (chosen !== undefined && this.of(project) !== chosen + more) project.config.maxWorkers = chosen + more
    }
  }

  /** True if `maxWorkers`, `fileParallelism` or `VITEST_MAX_WORKERS` sets the number. */
  #isFixed(project: TestProject): boolean {
    const { maxWorkers, providedOptions, fileParallelism } = this.#optionsOf(project)
    const root = this.#optionsOf(this.#vitest)
    if (fileParallelism === false) return true
    if (providedOptions === undefined) return maxWorkers !== undefined || root.maxWorkers !== undefined
    if (providedOptions.maxWorkers === false) return false
    // For a project that shares the root's server, Vitest 5 marks its own choice for the root as set by the user.
    const isShared = project.vite === this.#vitest.vite
    return !isShared || root.providedOptions?.maxWorkers !== false || !this.#isDefinedWithout(project)
  }

  /** True if the definition of a project exists, and does not set the number of workers. */
  #isDefinedWithout({ name }: TestProject): boolean {
    const definitions = this.#vitest.config.projects ?? []
    return definitions.some((definition, index) => {
      if (typeof definition !== 'object' || !('test' in definition)) return false
      const { name: given = String(index), maxWorkers } = definition.test ?? {}
      return (typeof given === 'string' ? given : given.label) === name && maxWorkers === undefined
    })
  }

  #optionsOf({ config }: TestProject | Vitest): WorkerOptions {
    return config
  }

  /** The number that Vitest 4 takes if nobody has set it. */
  get #usual(): number {
    const processors = availableParallelism()
    return Math.max(1, this.#vitest.config.watch ? Math.floor(processors / 2) : processors - 1)
  }
}
