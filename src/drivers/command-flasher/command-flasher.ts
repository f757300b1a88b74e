import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { anySignal } from '../../base/abort.ts'
import { failAfterData } from '../../base/fail-after-data.ts'
import { Mutex } from '../../base/mutex.ts'
import { createPrivateFolder } from '../../base/private-folder.ts'
import type { CheckOptions, Requirement } from '../../base/requirement.ts'
import { requireDevice, requireProgram } from '../../driver-kit/requirements.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { type FlashStep, ProgressFlasher } from '../../interfaces/flasher.ts'
import type { ResourceHandle } from '../../interfaces/resource.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import { BoardSteps } from './board-steps.ts'
import { checkCommandFlasherConfig, commandFlasherRules } from './check-config.ts'
import type { BoardStep, CommandFlasherConfig } from './config.ts'
import { missingPlace, placeError } from './explain-failure.ts'
import { explainDisk, receiveImage } from './image.ts'
import type { FlashJob, Recipe } from './recipe.ts'
import { recipes } from './recipes.ts'
import { startLimit } from './start-limit.ts'
import { Tool, type ToolRunOptions } from './tool.ts'
import { awaitFolder } from './watch-place.ts'

/** The longest that the calls after a failure may take, in milliseconds. */
const safeTimeoutMs = 10_000

/** The work on a board in its loader. */
type Work<T> = (options: ToolRunOptions) => Promise<T>

/**
 * Writes the flash of a board with the tool of its maker: avrdude, esptool, stm32flash, OpenOCD and others. Each tool has a recipe:
 * its arguments, its progress, and the meaning of its failures. No shell reads the arguments. The chip, or the id, is compared before anything
 * is written. Children, such as `power`, bring the board into its loader, and switch it off after a flash that has failed, so that half
 * an image never runs.
 *
 * @example
 * ```yaml
 * export:
 *   power: { type: jumpstarter_driver_power.driver.MockPower }
 *   flasher:
 *     type: vitest-hardware/drivers#CommandFlasher
 *     config: { tool: avrdude, chip: m328p, port: /dev/ttyACM0, baudrate: 115200, enter: [power.cycle] }
 *     children: { power: { ref: power } }
 * ```
 */
export class CommandFlasher extends Driver implements Implementation<typeof ProgressFlasher> {
  static readonly interface = ProgressFlasher
  static readonly configRules = commandFlasherRules
  override readonly children: Readonly<Record<string, Driver>>
  readonly #config: CommandFlasherConfig
  readonly #recipe: Recipe
  readonly #tool: Tool
  readonly #steps: BoardSteps
  readonly #turns = new Mutex()

  /** Looks for the tool and its port. Neither is used on the board. */
  static async check(config: CommandFlasherConfig, { signal }: CheckOptions): Promise<readonly Requirement[]> {
    const { program, install, version } = recipes[config.tool]
    const tool = requireProgram(config.program ?? program, { install, version: version.args, signal })
    const places = [config.port, config.disk].filter((path) => path?.startsWith('/') === true)
    return Promise.all([tool, ...places.map((path) => requireDevice(path ?? ''))])
  }

  /**
   * @param children the drivers that the steps call, for a tree that is made in code
   * @throws ConfigError with all mistakes of the config
   */
  constructor(config: CommandFlasherConfig, children: Readonly<Record<string, Driver>> = {}) {
    super()
    checkCommandFlasherConfig(config)
    this.#config = config
    this.#recipe = recipes[config.tool]
    this.children = { ...children }
    this.#steps = new BoardSteps(this, config.port)
    this.#tool = new Tool(this.#recipe, config, (command, options) =>
      this.runProgram(command, { env: { ...this.childEnvironment(), LC_ALL: 'C' }, ...options }),
    )
  }

  /** @throws HardwareError EXPORTER_CONFIG_INVALID for steps whose drivers or methods do not exist */
  override reset() {
    const { enter, leave, safe } = this.#config
    const mistakes = Object.entries({ enter, leave, safe }).flatMap(([key, steps]) =>
      this.#steps.mistakesOf(steps ?? [], key),
    )
    if (mistakes.length > 0) throw new HardwareError('EXPORTER_CONFIG_INVALID', mistakes.join('; '))
  }

  /**
   * Writes an image and verifies it.
   *
   * @throws HardwareError WRONG_BOARD, before anything is written; IMAGE_INVALID; DEVICE_IO with the origin `board` when no board answers or
   *   the tool fails, and `lab` for a missing or busy port, and a full disk; PROGRAM_MISSING; CALL_TIMEOUT
   */
  async flash(image: ResourceHandle, partition?: string | null) {
    await this.#flash(image, partition, { ifDifferent: false, tell: () => undefined, signal: callSignal() })
  }

  /** Writes an image and verifies it, and tells the progress. @throws HardwareError as {@link flash} does */
  async *flashWithProgress(image: ResourceHandle, partition?: string | null, ifDifferent?: boolean | null) {
    const steps = new PassThrough({ objectMode: true })
    const stop = new AbortController()
    const signal = anySignal(callSignal(), stop.signal)
    const tell = (step: FlashStep) => void steps.push(step)
    const work = this.#flash(image, partition, { ifDifferent: ifDifferent === true, tell, signal }).then(
      () => void steps.end(),
      (error: unknown) => failAfterData(steps, error instanceof Error ? error : new Error(messageOf(error))),
    )
    try {
      yield* steps as AsyncIterable<FlashStep>
    } finally {
      stop.abort(new HardwareError('CALL_CANCELLED', 'The caller has stopped to read the progress'))
      await work
    }
  }

  /** Reads the board into a file. @throws HardwareError NOT_IMPLEMENTED for a tool that cannot read, else as {@link flash} does */
  async dump(target: ResourceHandle, partition?: string | null) {
    const { dump, program } = this.#recipe
    if (dump === undefined) throw new HardwareError('NOT_IMPLEMENTED', `${program} cannot read the board`)
    const stream = await this.resource(target)
    const part = this.#partition(partition)
    await using folder = await this.#folder()
    const job = {
      config: this.#config,
      file: join(folder.path, 'dump'),
      kind: 'raw',
      bytes: 0,
      partition: part,
    } as const
    await this.#inLoader({ signal: callSignal(), bytes: 0, tell: () => undefined }, (options) =>
      this.#tool.run(dump(job), options),
    )
    await pipeline(createReadStream(job.file), stream, { signal: callSignal() })
  }

  async #flash(
    image: ResourceHandle,
    partition: string | null | undefined,
    { ifDifferent, tell, signal }: Pick<ToolRunOptions, 'tell' | 'signal'> & { readonly ifDifferent: boolean },
  ): Promise<void> {
    const content = await this.resource(image)
    const part = this.#partition(partition)
    await using folder = await this.#folder()
    const received = await receiveImage(content, folder.path, { recipe: this.#recipe, config: this.#config, signal })
    const job = { config: this.#config, partition: part, ...received }
    const { bytes } = received
    const isWritten = await this.#inLoader({ signal, bytes, tell }, async (options) => {
      const identification = this.#recipe.identify?.(this.#config)
      if (identification !== undefined) await this.#tool.identify(identification, options)
      if (ifDifferent && (await this.#isThere(job, options))) return false
      for (const run of this.#recipe.flash(job)) await this.#tool.run(run, options)
      return true
    })
    this.logger.info(`${this.#recipe.program}: ${isWritten ? `flashed ${bytes} bytes` : 'the board has the image'}`)
    tell({ phase: isWritten ? 'done' : 'unchanged', bytes, total: bytes })
  }

  /** True if the board has the image already; false also if nobody can compare. */
  async #isThere(job: FlashJob, options: ToolRunOptions): Promise<boolean> {
    const { compare, dump } = this.#recipe
    if (compare !== undefined) {
      const { run, differs } = compare(job)
      return this.#tool.isEqual(run, differs, options)
    }
    if (dump === undefined || (job.kind !== 'raw' && job.kind !== 'esp')) return false
    const file = `${job.file}.read`
    await this.#tool.run({ ...dump({ ...job, file }), phase: 'compare' }, options)
    const [image, read] = await Promise.all([readFile(job.file), readFile(file)])
    return read.subarray(0, image.length).equals(image)
  }

  /** Brings the board into its loader, one call at a time, and out of it. After a failure the board is made safe. */
  async #inLoader<T>({ signal, tell, bytes }: ToolRunOptions, work: Work<T>): Promise<T> {
    const { program } = this.#recipe
    const timeoutMs = (this.#config.timeout ?? 300) * 1000
    return this.#turns.run(
      async () => {
        using limit = startLimit({ name: `the work of ${program} on the board`, timeoutMs, signal })
        await this.#tool.requireVersion(limit.signal)
        const missing = await missingPlace({ ...this.#config, folder: undefined })
        if (missing !== undefined) throw placeError(missing)
        const receiveLine = (line: string) => this.logger.debug(`${program}: ${line}`)
        try {
          tell({ phase: 'prepare', bytes: 0, total: null })
          await this.#steps.run(this.#config.enter ?? [], limit.signal)
          await awaitFolder(this.#config, limit.signal)
          const result = await work({ signal: limit.signal, bytes, tell, receiveLine })
          tell({ phase: 'finish', bytes: 0, total: null })
          await this.#steps.run(this.#config.leave ?? [], limit.signal)
          return result
        } catch (error) {
          await this.#makeSafe()
          throw error
        }
      },
      { signal },
    )
  }

  /** Makes the board safe after a failure, which may be the end of the caller. A second failure must not hide the first one. */
  async #makeSafe(): Promise<void> {
    const hasPower = Object.hasOwn(this.children, 'power')
    const steps: readonly BoardStep[] = this.#config.safe ?? (hasPower ? ['power.off'] : [])
    using limit = startLimit({ name: 'the way to the safe state', timeoutMs: safeTimeoutMs })
    await this.#steps
      .run(steps, limit.signal)
      .catch((error: unknown) => this.logger.error(`the board is not safe after a failed flash: ${messageOf(error)}`))
  }

  async #folder() {
    const folder = await createPrivateFolder().catch((error: unknown) => {
      const cause = error instanceof HardwareError ? error.cause : error
      throw explainDisk(cause) === cause ? error : explainDisk(cause)
    })
    return { path: folder.path, [Symbol.asyncDispose]: () => folder.remove() }
  }

  /** @throws HardwareError ARGUMENT_INVALID for a part that the tool does not have */
  #partition(partition: string | null | undefined): string | undefined {
    if (partition === undefined || partition === null) return undefined
    const { program, partition: known } = this.#recipe
    if (typeof partition === 'string' && known?.pattern.test(partition) === true) return partition
    const wanted = known === undefined ? 'it has no parts' : `it has to be ${known.text}`
    throw new HardwareError('ARGUMENT_INVALID', `${program} has no target ${JSON.stringify(partition)}; ${wanted}`)
  }
}
