import { now, wallClock } from '../base/clock.ts'
import { maskSecrets } from '../base/mask-secrets.ts'
import { BoundedEvents } from './bounded-events.ts'
import { keepValue, sizeOf } from './keep-value.ts'
import { notePower, type PowerState } from './power-state.ts'
import { RecordingClock } from './recording-clock.ts'
import type { RunFact } from './recording-event.ts'
import type { Recording } from './recording.ts'

/** The longest list of steps of one test that is kept. Older steps are forgotten. */
const maxSteps = 10_000

/** `call`: a call of a driver; `expect`: a wait for what a board does; `step`: named by the author of the test; `action`: the rest. */
type StepKind = 'action' | 'call' | 'expect' | 'step'

/** A call of a driver's method, as it goes to the exporter. */
interface DriverCall {
  /** The driver's place in the tree: `board.power`. */
  readonly driver: string
  /** The path of the client class that the driver names. */
  readonly client: string
  /** The method's name on the wire. */
  readonly method: string
}

/** What a test, or code that it has called, did to the hardware. */
export interface RecordedStep {
  /** The test, or the file outside of tests, that did it. */
  readonly scope: string
  /** The step that this one is part of. */
  readonly parent: RecordedStep | undefined
  readonly kind: StepKind
  /** What was done, without arguments: `dut.power.cycle`. */
  readonly target: string
  /** The arguments and the result; {@link notKept} in the place of large ones. Of a call with many results it is the last one. */
  readonly args: readonly unknown[]
  readonly result: unknown
  /** The times of the begin and the end, in milliseconds as of `now()`; no end while the step runs. */
  readonly start: number
  readonly end: number | undefined
  readonly error: unknown
  /** Has the line of the test in its stack; steps that others are made of have none. */
  readonly site: { readonly stack?: string } | undefined
  /** The call of a driver, if the step is one. */
  readonly call: DriverCall | undefined
  /** The length of each console's output when the step ended, in UTF-16 code units. */
  readonly outputAt: ReadonlyMap<RecordedConsole, number>
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

/** A console whose output belongs to the recording. */
export interface RecordedConsole {
  /** The name in errors: `dut.console`. */
  readonly name: string
  /** The length of the output so far, in UTF-16 code units. */
  readonly length: () => number
  /** The output between two places, with secrets replaced. */
  readonly text: (from: number, to: number) => string
  /** The length of the output as bytes of the device. */
  readonly rawLength: () => number
  /** The output from a place on, as the bytes came, with their times in milliseconds as of `now()`. */
  readonly pieces: (from: number) => Iterable<{ readonly at: number; readonly bytes: Uint8Array }>
}

/** The description of a step that begins. */
export interface StepDescription {
  readonly kind: StepKind
  readonly target: string
  readonly args?: readonly unknown[] | undefined
  readonly call?: DriverCall | undefined
}

/** The size of the events of the run that are kept for a file, in bytes. */
const maxRunBytes = 1024 * 1024

/** Keeps the steps of the tests of a file, and knows the recordings and the consoles of its exporters. */
export class Recorder {
  /** The clock of all recordings of the file. */
  readonly clock = new RecordingClock()
  /** What the file's leases and exporters went through, as the run has told it. */
  readonly run = new BoundedEvents('events of the run', maxRunBytes)
  /** The paths of the files that were sent to drivers, with their sizes in bytes and the times of their last change. */
  readonly files = new Map<string, { readonly size: number; readonly mtimeMs: number }>()
  readonly #recordings = new Map<string, Recording>()
  /** The secrets that were typed into any console. A board may print them on another one. */
  readonly secrets = new Set<string>()
  /** The power of each board, by the name of its driver, as the tests of the file have left it. */
  readonly power = new Map<string, PowerState>()
  #lastCallAt = 0
  readonly #consoles = new Map<string, RecordedConsole>()
  readonly #steps = new Map<string, RecordedStep[]>()

  /** The time at which a driver was called last, in milliseconds since 1970; 0 if none was. */
  get lastCallAt(): number {
    return this.#lastCallAt
  }

  /** The steps of a test since {@link Recorder.drop}, in the order of their begin. */
  steps(scope: string): readonly RecordedStep[] {
    return this.#steps.get(scope) ?? []
  }

  /** Forgets the steps of a test. */
  drop(scope: string): void {
    this.#steps.delete(scope)
  }

  /** The recordings of the connections, by role. */
  get recordings(): ReadonlyMap<string, Recording> {
    return this.#recordings
  }

  /** The consoles of the exporters. */
  get consoles(): readonly RecordedConsole[] {
    return [...this.#consoles.values()]
  }

  /** Adds the recording of a connection, which replaces that of an earlier connection of the role. */
  addRecording(recording: Recording): void {
    this.#recordings.set(recording.role, recording)
  }

  /**
   * Notes an event of the run.
   *
   * @param time in milliseconds since 1970, by the clock of this machine
   */
  noteRun(event: RunFact, time: number): void {
    this.run.add({ type: 'run', event, at: this.clock.fromWall(time) }, sizeOf(event, maxRunBytes))
  }

  /** Adds a console, which replaces one of the same name: that of an earlier connection. */
  addConsole(console: RecordedConsole): void {
    this.#consoles.set(console.name, console)
  }

  /** Replaces {@link Recorder.secrets} in a text for people. */
  mask(text: string): string {
    return maskSecrets(text, this.secrets)
  }

  /** Begins a step. Inside of another step of the same target, it is a part of that one: a client's method that only calls its driver. */
  begin(
    { kind, target, args = [], call }: StepDescription,
    { scope, parent }: Pick<RecordedStep, 'scope' | 'parent'>,
  ): RunningStep {
    const isPart = parent?.target === target && parent.end === undefined
    const step: Writable<RecordedStep> = isPart ? parent : newStep({ scope, kind, target, args, parent })
    if (step.kind === 'action' && kind === 'expect') step.kind = kind
    if (call !== undefined) {
      step.call = call
      this.#lastCallAt = wallClock()
    }
    if (isPart) return new RunningStep(this, step, true)
    if (parent === undefined || parent.kind === 'step') {
      step.site = {}
      Error.captureStackTrace(step.site)
    }
    const steps = this.#steps.get(scope)
    if (steps === undefined) this.#steps.set(scope, [step])
    else steps.push(step)
    if (steps !== undefined && steps.length > maxSteps) steps.splice(0, maxSteps / 2)
    return new RunningStep(this, step, false)
  }

  /** The length of each console's output now, in UTF-16 code units. */
  outputNow(): ReadonlyMap<RecordedConsole, number> {
    return new Map(Array.from(this.#consoles.values(), (console) => [console, console.length()]))
  }

  /** Forgets a step that turned out to be none. */
  forget(step: RecordedStep): void {
    const steps = this.#steps.get(step.scope) ?? []
    const index = steps.lastIndexOf(step)
    if (index >= 0) steps.splice(index, 1)
  }
}

function newStep(begun: Pick<RecordedStep, 'scope' | 'kind' | 'target' | 'args' | 'parent'>): RecordedStep {
  return {
    ...begun,
    args: begun.args.map(keepValue),
    start: now(),
    end: undefined,
    result: undefined,
    error: undefined,
    site: undefined,
    call: undefined,
    outputAt: new Map(),
  }
}

/** A step, or a part of one, that has begun. */
export class RunningStep {
  readonly step: RecordedStep
  readonly #writable: Writable<RecordedStep>
  readonly #recorder: Recorder
  readonly #isPart: boolean

  /** @param isPart true if the step goes on when this part of it ends */
  constructor(recorder: Recorder, step: RecordedStep, isPart: boolean) {
    this.step = step
    this.#writable = step
    this.#recorder = recorder
    this.#isPart = isPart
  }

  /** Notes the result. */
  answered(result: unknown): void {
    this.#writable.result = keepValue(result)
  }

  /** Ends the step with what its function has returned, which is the result if no other is known. */
  returned(value: unknown): void {
    if (this.step.result === undefined) this.answered(value)
    this.ended()
  }

  /** Ends the step. The first end counts: a stream may fail after it was closed. */
  ended(error?: unknown): void {
    if (this.#isPart || this.step.end !== undefined) return
    this.#writable.end = now()
    this.#writable.error = error
    this.#writable.outputAt = this.#recorder.outputNow()
    if (error === undefined) notePower(this.#recorder.power, this.step)
  }

  /** Forgets the step, if it turned out to be none. */
  forget(): void {
    if (!this.#isPart) this.#recorder.forget(this.step)
  }
}
