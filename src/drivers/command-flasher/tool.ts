import type { ProgramResult, RunProgramOptions } from '../../base/run-program.ts'
import { isOlder } from '../../base/versions.ts'
import { HardwareError } from '../../errors.ts'
import type { FlashStep } from '../../interfaces/flasher.ts'
import type { CommandFlasherConfig } from './config.ts'
import { explainFailure } from './explain-failure.ts'
import type { Identification, Recipe, ToolProgress, ToolRun } from './recipe.ts'
import { watchPlace } from './watch-place.ts'

/** Every exit code: the recipe reads the output of a tool that fails. */
const anyCode = Array.from({ length: 256 }, (_, code) => code)
/** The longest that a tool may take to tell its version, in milliseconds. Those in Python load for seconds on a busy machine. */
const versionTimeoutMs = 30_000

/** Runs a program: {@link Driver.runProgram} of the driver. */
export type RunProgram = (command: readonly [string, ...string[]], options: RunProgramOptions) => Promise<ProgramResult>

/** Options of {@link Tool.run}. */
export interface ToolRunOptions {
  readonly signal: AbortSignal
  /** The bytes of the image; 0 if there is none. */
  readonly bytes: number
  readonly tell: (step: FlashStep) => void
  readonly receiveLine?: ((line: string) => void) | undefined
}

/** One tool, run as its recipe says. */
export class Tool {
  readonly #recipe: Recipe
  readonly #config: CommandFlasherConfig
  readonly #runProgram: RunProgram
  #hasVersion = false

  constructor(recipe: Recipe, config: CommandFlasherConfig, runProgram: RunProgram) {
    this.#recipe = recipe
    this.#config = config
    this.#runProgram = runProgram
  }

  /** @throws HardwareError PROGRAM_MISSING for a tool that is not there, or too old */
  async requireVersion(signal: AbortSignal): Promise<void> {
    if (this.#hasVersion) return
    const { program, install, version } = this.#recipe
    const options = { signal, install, exitCodes: anyCode, timeoutMs: versionTimeoutMs }
    const { stdout, stderr } = await this.#runProgram([this.#program, ...version.args], options)
    const found = version.pattern.exec(`${stdout}\n${stderr}`)?.groups?.['version']
    if (found !== undefined && isOlder(found, version.oldest)) {
      const message = `${program} has the version ${found}; it has to be ${version.oldest} or later: ${install}`
      throw new HardwareError('PROGRAM_MISSING', message)
    }
    this.#hasVersion = true
  }

  /**
   * Runs the tool once.
   *
   * @returns what it has printed
   * @throws HardwareError with the meaning of the failure, and the signal's reason
   */
  async run(run: ToolRun, options: ToolRunOptions): Promise<string> {
    const { output, end } = await this.#attempt(run, options)
    if (end === undefined && run.success?.test(output) !== false) return output
    throw await this.#explain(output, end ?? 'ended without the words of a success')
  }

  /** Runs the tool to compare. @param differs the output of a run that has found a difference */
  async isEqual(run: ToolRun, differs: RegExp, options: ToolRunOptions): Promise<boolean> {
    const { output, end } = await this.#attempt(run, options)
    if (end === undefined) return true
    if (differs.test(output)) return false
    throw await this.#explain(output, end)
  }

  /** @throws HardwareError WRONG_BOARD with the ids, DEVICE_IO when no board tells one */
  async identify({ run, found, expected }: Identification, options: ToolRunOptions): Promise<void> {
    const { program } = this.#recipe
    const output = await this.run(run, options)
    const id = found(output)
    if (id === undefined) throw new HardwareError('DEVICE_IO', `${program}: no board tells its id`)
    if (expected === undefined || id.toLowerCase() === expected.toLowerCase()) return
    const message = `${program}: another board is there (expected ${expected}, found ${id}); nothing was written`
    throw new HardwareError('WRONG_BOARD', message, { details: { expected, found: id } })
  }

  get #program(): string {
    return this.#config.program ?? this.#recipe.program
  }

  /** @returns the output, and the end in words for a run that has failed */
  async #attempt(run: ToolRun, { signal, bytes, tell, receiveLine }: ToolRunOptions) {
    tell({ phase: run.phase, bytes: 0, total: bytes || null })
    using watch = watchPlace(this.#config, this.#recipe.program, signal)
    const lines: string[] = []
    let total = bytes
    const receive = (line: string) => {
      lines.push(line)
      receiveLine?.(line)
      const step = run.progress?.(line)
      if (step === undefined) return
      total = step.total ?? total
      tell(toStep(step, total))
    }
    const own = run.program === undefined ? (this.#config.args ?? []) : []
    const command = [run.program ?? this.#program, ...own, ...run.args] as const
    const { install } = this.#recipe
    const options = { signal: watch.signal, exitCodes: anyCode, install, input: run.input, receiveLine: receive }
    try {
      // The signal has the limit of the whole work.
      const { exitCode } = await this.#runProgram(command, { ...options, timeoutMs: 86_400_000 })
      const isGood = exitCode === 0 || run.exitCodes?.includes(exitCode) === true
      return { output: lines.join('\n'), end: isGood ? undefined : `failed with exit code ${exitCode}` }
    } catch (cause) {
      if (watch.signal.aborted || !(cause instanceof HardwareError) || cause.code !== 'DEVICE_IO') throw cause
      // Somebody on the exporter's machine has killed it, or its file cannot be run.
      throw new HardwareError('DEVICE_IO', cause.message, { cause, origin: 'lab', details: cause.details })
    }
  }

  #explain(output: string, end: string): Promise<HardwareError> {
    return explainFailure({ recipe: this.#recipe, config: this.#config, output, end })
  }
}

function toStep({ phase, percent, bytes }: ToolProgress, total: number): FlashStep {
  return { phase, bytes: bytes ?? Math.round((total * (percent ?? 0)) / 100), total: total || null }
}
