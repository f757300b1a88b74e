import { availableParallelism } from 'node:os'
import type { TestProject, Vitest } from 'vitest/node'

/** What Vitest's types do not tell of a configuration. */
interface WorkerOptions {
  /** Vitest 4 leaves it out where nobody has set it. */
  readonly maxWorkers?: number
  /** Vitest 5: which options somebody has set. */
  readonly providedOptions?: { readonly maxWorkers?: boolean }
  readonly fileParallelism?: boolean
}

/** The numbers of workers with which Vitest runs the files of its projects. */
export class Workers {
  readonly #vitest: Vitest
  /** How many Vitest itself chose for a project, before any were added; `undefined` where the user did. */
  readonly #chosen = new Map<TestProject, number | undefined>()

  /** Looks at what is configured; to be called before any are added. */
  constructor(vitest: Vitest) {
    this.#vitest = vitest
    for (const project of vitest.projects) {
      this.#chosen.set(project, this.#isFixed(project) ? undefined : this.of(project))
    }
  }

  /** How many run files of a project at once. */
  of(project: TestProject): number {
    return this.#optionsOf(project).maxWorkers ?? this.#optionsOf(this.#vitest).maxWorkers ?? this.#usual
  }

  /** Whether Vitest runs the files of a project one by one, when all others have run. */
  areAlone(project: TestProject): boolean {
    const { isolate, sequence } = project.config
    return isolate && sequence.groupOrder === 0 && this.of(project) === 1
  }

  /**
   * Gives projects that run together more workers than Vitest would, for files that wait for hardware and cost no more
   * than memory meanwhile. Where the user has decided on the number, it stays as it is. May be called again for each run.
   *
   * @param projects those of one `sequence.groupOrder`, which have to have the same number
   */
  add(projects: readonly TestProject[], more: number): void {
    const fixed = projects.filter((project) => this.#chosen.get(project) === undefined)
    // A browser's pages do not wait for hardware, and there would be more of them too.
    const browsers = projects.some(({ config }) => config.browser.enabled)
    if (browsers || !fixed.every((project) => this.areAlone(project))) return
    for (const project of projects) {
      const chosen = this.#chosen.get(project)
      // What is as it shall be is left alone, also where that is not to be set at all.
      if (chosen !== undefined && this.of(project) !== chosen + more) project.config.maxWorkers = chosen + more
    }
  }

  /** Whether `maxWorkers`, `fileParallelism` or `VITEST_MAX_WORKERS` says how many there are. */
  #isFixed(project: TestProject): boolean {
    const { maxWorkers, providedOptions, fileParallelism } = this.#optionsOf(project)
    const root = this.#optionsOf(this.#vitest)
    if (fileParallelism === false) return true
    if (providedOptions === undefined) return maxWorkers !== undefined || root.maxWorkers !== undefined
    if (providedOptions.maxWorkers === false) return false
    // Vitest 5 takes what it chose for the root as what the user has set for a project without a server of its own.
    const isShared = project.vite === this.#vitest.vite
    return !isShared || root.providedOptions?.maxWorkers !== false || !this.#isDefinedWithout(project)
  }

  /** Whether the definition of a project is there, and does not say how many workers it has. */
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

  /** As many as Vitest 4 takes where nobody has set it. */
  get #usual(): number {
    const processors = availableParallelism()
    return Math.max(1, this.#vitest.config.watch ? Math.floor(processors / 2) : processors - 1)
  }
}
