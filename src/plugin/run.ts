import { availableParallelism } from 'node:os'
import { relative } from 'node:path'
import type { TestProject, TestSequencerConstructor, TestSpecification, Vitest } from 'vitest/node'

import { Broker } from './broker.ts'
import { contextKey } from './context.ts'
import { fromController, sourceOf } from './exporter-sources.ts'
import { EndOfRun, isRunInProcesses } from './end-of-run.ts'
import { HardwareReport } from './report.ts'
import { LeaseTimes } from './lease-times.ts'
import { NeedsReader } from './needs-reader.ts'
import { configuredExporters, type HardwareOptions } from './options.ts'
import type { HardwareFile } from './order-files.ts'
import { describeImpossible } from './plan.ts'
import type { StaticNeed } from './read-needs.ts'
import { type Planner, planningSequencer } from './sequencer.ts'

const defaultLeaseTimeoutMs = 600_000
const defaultIdleTimeoutMs = 300_000

function isContinuousIntegration(ci: string | undefined): boolean {
  return ci !== undefined && !['', '0', 'false'].includes(ci)
}

/** The exporters that some projects share, and who grants them. */
interface Hardware {
  readonly broker: Broker
  readonly address: Promise<string>
  readonly boards: number
  /** Whether what its own exporters are not may be had from a controller. */
  readonly hasController: boolean
  users: number
}

/**
 * The hardware of one Vitest run. Projects with the same exporter share it, because it is one device; each set of
 * exporters has a broker.
 */
export class HardwareRun implements Planner {
  static readonly #runs = new WeakMap<Vitest, HardwareRun>()

  /** The run of a Vitest instance; the same one for all its projects. */
  static of(vitest: Vitest): HardwareRun {
    let run = HardwareRun.#runs.get(vitest)
    if (run === undefined) {
      run = new HardwareRun(vitest)
      HardwareRun.#runs.set(vitest, run)
    }
    return run
  }

  /** What Vitest's reporters are to say of the hardware. */
  readonly report = new HardwareReport((line) => this.#print(line), {
    started: () => this.#hardware.forEach(({ broker }) => broker.resume()),
    ending: async () => {
      await Promise.all(Array.from(this.#hardware.values(), ({ broker }) => broker.toldOfDeaths()))
    },
  })
  readonly #vitest: Vitest
  readonly #hardware = new Map<string, Hardware>()
  readonly #hardwareOf = new Map<TestProject, Hardware>()
  readonly #times: LeaseTimes
  /** Files that seem to need hardware, and have not held any in this run. */
  readonly #idle = new Set<string>()
  readonly #end: EndOfRun
  #sequencer: TestSequencerConstructor | undefined

  private constructor(vitest: Vitest) {
    this.#vitest = vitest
    this.#end = new EndOfRun(vitest, (line) => this.#print(line))
    const { root, cache } = vitest.config
    this.#times = new LeaseTimes(root, cache === false ? undefined : cache.dir)
  }

  /** Lets the run decide in which order files start, on top of what the user has configured. May be called again. */
  sortFiles(): void {
    const { sequence } = this.#vitest.config
    if (sequence.sequencer === this.#sequencer) return
    this.#sequencer = planningSequencer(sequence.sequencer, this)
    sequence.sequencer = this.#sequencer
  }

  /**
   * Lets fixtures clean up when a signal ends the run, in all its projects. May be called again, and has to be when Vitest
   * has restarted.
   *
   * @param workerSetup the setup file of workers
   */
  takeOverSignals(workerSetup: string): void {
    this.#end.takeOver()
    for (const { config } of this.#vitest.projects) {
      if (isRunInProcesses(config) && !config.setupFiles.includes(workerSetup)) config.setupFiles.unshift(workerSetup)
    }
  }

  /**
   * Starts what a project needs, unless another project has, and tells its test files where the broker is. Exporters
   * start in the background; files that need them wait for them.
   *
   * @returns what ends it; the last project stops the exporters
   */
  async start(project: TestProject, options: HardwareOptions): Promise<() => Promise<void>> {
    this.#end.started()
    const exporters = configuredExporters(options, project.config.root, process.env)
    const key = JSON.stringify([exporters, options.controller])
    let hardware = this.#hardware.get(key)
    if (hardware === undefined) {
      const { root } = project.config
      const sources = { root, controller: options.controller, log: (line: string) => this.#log(line) }
      const broker = new Broker(
        exporters.map((exporter) => sourceOf(exporter, sources)),
        {
          root: this.#vitest.config.root,
          print: (line) => this.#print(line),
          note: (line) => this.report.note(line),
          held: (file, ms) => this.#held(file, ms),
          ofController: fromController(sources),
          // Between two runs of a watch the boards stay with it.
          ...(this.#vitest.config.watch ? { idleTimeoutMs: options.idleTimeoutMs ?? defaultIdleTimeoutMs } : {}),
        },
      )
      hardware = {
        broker,
        address: broker.listen(),
        boards: exporters.length + this.#boardsOf(options),
        users: 0,
        hasController: options.controller !== undefined,
      }
      this.#hardware.set(key, hardware)
    }
    const { broker, address } = hardware
    hardware.users++
    this.#hardwareOf.set(project, hardware)
    project.provide(contextKey, {
      broker: await address,
      leaseTimeoutMs: options.leaseTimeoutMs ?? defaultLeaseTimeoutMs,
      onMissing: options.onMissing ?? (isContinuousIntegration(process.env['CI']) ? 'fail' : 'skip'),
      retry: options.retry ?? 0,
      allow: [...(options.allow ?? [])],
    })
    return async () => {
      this.#hardwareOf.delete(project)
      hardware.users--
      if (hardware.users > 0) return
      this.#hardware.delete(key)
      await this.#writeTimes()
      await broker.close()
    }
  }

  boardsOf(projects: readonly TestProject[]): number {
    const all = new Set(projects.map((project) => this.#hardwareOf.get(project)))
    return [...all].reduce((sum, hardware) => sum + (hardware?.boards ?? 0), 0)
  }

  async plan(files: readonly TestSpecification[]): Promise<ReadonlyMap<TestSpecification, HardwareFile>> {
    // Vitest forgets its listeners when a run begins, just before it has the files sorted.
    this.#vitest.onCancel(() => this.#cancel())
    await this.#times.load()
    const reader = new NeedsReader()
    const planned = new Map<TestSpecification, HardwareFile>()
    const needsOf = new Map<Hardware, Map<string, readonly StaticNeed[]>>()
    for (const file of files) {
      const hardware = this.#hardwareOf.get(file.project)
      if (hardware === undefined || file.pool === 'browser' || file.pool === 'typescript') continue
      const needs = await reader.read(file.moduleId)
      const heldMs = this.#times.of(file.moduleId)
      // What has held a lease needs one, however it declares it.
      if (needs.length === 0 && (heldMs ?? 0) === 0) continue
      this.#idle.add(file.moduleId)
      planned.set(file, { needs: JSON.stringify(needs.map(({ selector }) => selector)), heldMs })
      const known = needsOf.get(hardware) ?? new Map<string, readonly StaticNeed[]>()
      needsOf.set(hardware, known.set(relative(this.#vitest.config.root, file.moduleId), needs))
    }
    for (const [{ broker, hasController }, needs] of needsOf) {
      if (hasController) continue
      void broker.settled.then((exporters) => this.#print(describeImpossible(needs, exporters)))
    }
    return planned
  }

  #cancel(): void {
    this.#end.cancelled()
    for (const { broker } of this.#hardware.values()) broker.cancel()
  }

  #held(file: string, ms: number): void {
    this.#idle.delete(file)
    if (this.#runsWholeFiles) this.#times.record(file, ms)
  }

  async #writeTimes(): Promise<void> {
    for (const module of this.#vitest.state.getTestModules()) {
      const { moduleId } = module
      const hasRun = ['passed', 'failed', 'skipped'].includes(module.state())
      if (hasRun && this.#idle.has(moduleId) && this.#runsWholeFiles) this.#times.record(moduleId, 0)
    }
    await this.#times.write()
  }

  /** Some tests of a file say nothing of how long all take. */
  get #runsWholeFiles(): boolean {
    return this.#vitest.getGlobalTestNamePattern() === undefined
  }

  /** How many a controller has nobody knows; that many files use the machine as well as they can. */
  #boardsOf({ controller }: HardwareOptions): number {
    return controller === undefined ? 0 : availableParallelism()
  }

  #print(text: string | undefined): void {
    if (text !== undefined) this.#log(`[vitest-hardware] ${text}`)
  }

  #log(line: string): void {
    this.#vitest.logger.error(line)
  }
}
