import { availableParallelism } from 'node:os'
import type { TestProject, TestSequencerConstructor, Vitest } from 'vitest/node'

import { logLevelFrom } from '../base/log-level.ts'
import { isOlder } from '../base/versions.ts'
import { Broker } from '../broker/broker.ts'
import { contextKey, type HardwareContext } from '../broker/messages.ts'
import type { RunEvent } from '../leases/run-event.ts'
import { failTestsOfDeadWorker, type WorkerExit } from './dead-worker.ts'
import { EndOfRun } from './end-of-run.ts'
import { poolsOf } from './exporter-sources.ts'
import { HardwareReport } from './hardware-report.ts'
import { configuredExporters, type HardwareOptions } from './options.ts'
import { FilePlanner, type PlannedHardware } from './plan/file-planner.ts'
import { planningSequencer } from './plan/sequencer.ts'

const defaultLeaseTimeoutMs = 600_000
const defaultIdleTimeoutMs = 300_000

/** The exporters that some projects share, and their broker. */
interface SharedHardware extends PlannedHardware {
  readonly broker: Broker
  readonly address: Promise<string>
  /** The number of projects that have started and not ended. */
  users: number
}

/**
 * The hardware of one Vitest run. Projects with the same exporters share them, because an exporter is one device. Each set of
 * exporters has a broker.
 */
export class HardwareRun {
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

  /** The reporter that prints what happens to the hardware. */
  readonly report = new HardwareReport({
    print: (line) => this.#vitest.logger.error(line),
    annotate: (testId, annotations) => {
      const test = this.#vitest.state.idMap.get(testId)
      if (test?.type === 'test') test.annotations.push(...annotations)
    },
    started: () => this.#brokers.forEach((broker) => broker.resume()),
    ending: async () => {
      await Promise.all(this.#brokers.map((broker) => broker.workerExitsReported()))
    },
  })
  readonly #vitest: Vitest
  readonly #hardware = new Map<string, SharedHardware>()
  readonly #hardwareOf = new Map<TestProject, SharedHardware>()
  readonly #planner: FilePlanner
  readonly #end: EndOfRun
  #sequencer: TestSequencerConstructor | undefined

  private constructor(vitest: Vitest) {
    this.#vitest = vitest
    const emit = (event: RunEvent) => this.#emit(event)
    this.#end = new EndOfRun(vitest, { emit, workerExited: (exit) => this.#workerExited(exit) })
    this.#planner = new FilePlanner(vitest, { hardwareOf: (project) => this.#hardwareOf.get(project), emit })
  }

  /** Sorts the files of the run on top of the sequencer that the user has configured. May be called again. */
  sortFiles(): void {
    const { sequence } = this.#vitest.config
    if (sequence.sequencer === this.#sequencer) return
    this.#sequencer = planningSequencer(sequence.sequencer, {
      boardsOf: (projects) => this.#planner.boardsOf(projects),
      plan: async (files) => {
        // Vitest forgets its listeners when a run begins, just before it sorts the files.
        this.#vitest.onCancel(() => this.#cancel())
        return this.#planner.plan(files)
      },
    })
    sequence.sequencer = this.#sequencer
  }

  /**
   * Lets fixtures clean up when a signal ends the run. Call it again when Vitest has restarted.
   *
   * @param workerSetup the path of the setup file for workers
   */
  takeOverSignals(workerSetup: string): void {
    this.#end.takeOver(workerSetup)
  }

  /**
   * Starts the exporters of a project, unless another project shares them, and tells the project's test files where the broker
   * is. Exporters start in the background; files that need them wait for them.
   *
   * @returns a function that ends the use; the last project stops the exporters
   */
  async start(project: TestProject, options: HardwareOptions): Promise<() => Promise<void>> {
    this.#end.started()
    const exporters = configuredExporters(options, project.config.root, process.env)
    const key = JSON.stringify([exporters, options.controller, options.log])
    const hardware = this.#hardware.get(key) ?? this.#share(project.config.root, exporters, options)
    this.#hardware.set(key, hardware)
    hardware.users++
    this.#hardwareOf.set(project, hardware)
    project.provide(contextKey, contextOf(await hardware.address, options, this.#vitest.version, project.name))
    return async () => {
      this.#hardwareOf.delete(project)
      hardware.users--
      if (hardware.users > 0) return
      this.#hardware.delete(key)
      await this.#planner.writeTimes()
      await hardware.broker.close()
    }
  }

  #share(
    root: string,
    exporters: ReturnType<typeof configuredExporters>,
    { controller, idleTimeoutMs = defaultIdleTimeoutMs, log = logLevelFrom(process.env) }: HardwareOptions,
  ): SharedHardware {
    const emit = (event: RunEvent) => this.#emit(event)
    const hasController = controller !== undefined
    const broker = new Broker(poolsOf(exporters, { root, controller, logLevel: log, emit }), {
      root: this.#vitest.config.root,
      emit,
      // Between two runs of a watch the exporters stay with the watch.
      idleTimeoutMs: this.#vitest.config.watch ? idleTimeoutMs : undefined,
    })
    // The number of exporters of a controller is unknown. So many files use this machine as well as it can be used.
    const boards = exporters.length + (hasController ? availableParallelism() : 0)
    return { broker, address: broker.listen(), boards, hasController, users: 0 }
  }

  #emit(event: RunEvent): void {
    this.#planner.receive(event)
    this.report.receive(event)
    for (const broker of this.#brokers) broker.tell(event)
  }

  /** Reporters of Vitest write their files before the exporters have told what the worker left. */
  #workerExited(exit: WorkerExit): void {
    const hardware = this.#brokers.map((broker) => broker.hardwareOf(exit.pid)).find((found) => found !== undefined)
    if (hardware === undefined) return
    const tests = [...this.#vitest.state.idMap.values()].filter((task) => task.type === 'test')
    const failed = failTestsOfDeadWorker(tests, hardware, exit)
    for (const { id, meta } of failed) this.report.annotate(id, meta.hardware)
  }

  #cancel(): void {
    this.#end.cancelled()
    for (const broker of this.#brokers) broker.cancel()
  }

  get #brokers(): readonly Broker[] {
    return Array.from(this.#hardware.values(), ({ broker }) => broker)
  }
}

/** The first Vitest that shows the steps of tests in Node.js. */
const firstWithTraceViewer = '5.0'

function contextOf(broker: string, options: HardwareOptions, vitest: string, project: string): HardwareContext {
  return {
    broker,
    leaseTimeoutMs: options.leaseTimeoutMs ?? defaultLeaseTimeoutMs,
    onMissing: options.onMissing ?? (isContinuousIntegration(process.env['CI']) ? 'fail' : 'skip'),
    retry: options.retry ?? 0,
    evidence: options.evidence ?? 'on-failure',
    hasTraceViewer: !isOlder(vitest, firstWithTraceViewer),
    vitestVersion: vitest,
    allow: [...(options.allow ?? [])],
    project,
    isListing: process.argv[2] === 'list',
  }
}

function isContinuousIntegration(ci: string | undefined): boolean {
  return ci !== undefined && !['', '0', 'false'].includes(ci)
}
