import { relative, resolve } from 'node:path'
import type { TestProject, TestSpecification, Vitest } from 'vitest/node'

import type { SettledExporters } from '../../broker/missing-exporters.ts'
import type { RunEvent } from '../../leases/run-event.ts'
import { findImpossibleNeeds } from './impossible-needs.ts'
import { LeaseTimes } from './lease-times.ts'
import { NeedsReader } from './needs-reader.ts'
import type { StaticNeed } from './read-needs.ts'
import type { HardwareFile } from './schedule-files.ts'
import type { Planner } from './sequencer.ts'

/** The exporters that some projects share, as a plan needs them. */
export interface PlannedHardware {
  /** The number of files that can use exporters at the same time. */
  readonly boards: number
  /** True if a controller can supply exporters that the run does not have. */
  readonly hasController: boolean
  /** Settles when all exporters have started or failed. */
  readonly broker: { readonly settled: Promise<SettledExporters> }
}

/** Options of {@link FilePlanner}. */
export interface FilePlannerOptions {
  /** The exporters of a project; `undefined` if the project has no hardware. */
  readonly hardwareOf: (project: TestProject) => PlannedHardware | undefined
  readonly emit: (event: RunEvent) => void
}

/** Knows the needs of test files before they run, and how long the files held their leases in earlier runs. */
export class FilePlanner implements Planner {
  readonly #vitest: Vitest
  readonly #options: FilePlannerOptions
  readonly #times: LeaseTimes
  /** The files that seem to need hardware, and have not held a lease in this run. */
  readonly #withoutLease = new Set<string>()

  constructor(vitest: Vitest, options: FilePlannerOptions) {
    this.#vitest = vitest
    this.#options = options
    const { root, cache } = vitest.config
    this.#times = new LeaseTimes(root, cache === false ? undefined : cache.dir)
  }

  boardsOf(projects: readonly TestProject[]): number {
    const all = new Set(projects.map(this.#options.hardwareOf))
    return [...all].reduce((sum, hardware) => sum + (hardware?.boards ?? 0), 0)
  }

  async plan(files: readonly TestSpecification[]): Promise<ReadonlyMap<TestSpecification, HardwareFile>> {
    await this.#times.load()
    const reader = new NeedsReader()
    const planned = new Map<TestSpecification, HardwareFile>()
    const needsOf = new Map<PlannedHardware, Map<string, readonly StaticNeed[]>>()
    for (const file of files) {
      const hardware = this.#options.hardwareOf(file.project)
      if (hardware === undefined || file.pool === 'browser' || file.pool === 'typescript') continue
      const needs = await reader.read(file.moduleId)
      const heldMs = this.#times.of(file.moduleId)
      // A file that has held a lease needs one, even if the reader does not find its declaration.
      if (needs.length === 0 && (heldMs ?? 0) === 0) continue
      this.#withoutLease.add(file.moduleId)
      planned.set(file, { needs: JSON.stringify(needs.map(({ selector }) => selector)), heldMs })
      const known = needsOf.get(hardware) ?? new Map<string, readonly StaticNeed[]>()
      needsOf.set(hardware, known.set(relative(this.#vitest.config.root, file.moduleId), needs))
    }
    for (const [hardware, needs] of needsOf) this.#reportImpossible(hardware, needs)
    return planned
  }

  /** Notes the times that files held their leases. */
  receive(event: RunEvent): void {
    if (event.type !== 'released') return
    const file = resolve(this.#vitest.config.root, event.file)
    this.#withoutLease.delete(file)
    if (this.#runsWholeFiles) this.#times.record(file, event.heldMs)
  }

  /** Stores the times for later runs. Files that ran without a lease get the time 0. */
  async writeTimes(): Promise<void> {
    for (const module of this.#vitest.state.getTestModules()) {
      const { moduleId } = module
      const hasRun = ['passed', 'failed', 'skipped'].includes(module.state())
      if (hasRun && this.#withoutLease.has(moduleId) && this.#runsWholeFiles) this.#times.record(moduleId, 0)
    }
    await this.#times.write()
  }

  #reportImpossible({ broker, hasController }: PlannedHardware, needs: Map<string, readonly StaticNeed[]>): void {
    if (hasController) return
    void broker.settled.then((exporters) => {
      const { needs: impossible, advice } = findImpossibleNeeds(needs, exporters)
      if (impossible.length > 0) this.#options.emit({ type: 'impossibleNeeds', needs: impossible, advice })
    })
  }

  /** False if the user runs only some tests, so that the time of a file says nothing about all its tests. */
  get #runsWholeFiles(): boolean {
    return this.#vitest.getGlobalTestNamePattern() === undefined
  }
}
