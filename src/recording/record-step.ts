import { AsyncLocalStorage } from 'node:async_hooks'
import type { Duplex } from 'node:stream'

import { sharedByCopies } from '../base/brand.ts'
import type { RecordedStep, Recorder, RunningStep, StepDescription } from './recorder.ts'

interface Recording {
  readonly recorder: Recorder
  readonly scope: string
  /** The step inside of which the code runs. */
  readonly parent: RecordedStep | undefined
}

const current = sharedByCopies('recording', () => new AsyncLocalStorage<Recording>())

/** Runs a function whose steps go to a recorder. @param scope the test, or the file outside of tests, that the steps belong to */
export function withRecorder<T>(recorder: Recorder, scope: string, run: () => T): T {
  return current.run({ recorder, scope, parent: undefined }, run)
}

const readers = new WeakMap<Duplex, (console: string) => void>()

/** Calls back when a console begins to read a stream, whose output it keeps itself. */
export function onReader(stream: Duplex, callback: (console: string) => void): void {
  readers.set(stream, callback)
}

/** Notes that a console reads a stream. */
export function noteReader(stream: Duplex, console: string): void {
  readers.get(stream)?.(console)
}

/** Notes a file that is sent to a driver, for the recording. */
export function noteFile(path: string, state: { readonly size: number; readonly mtimeMs: number }): void {
  current.getStore()?.recorder.files.set(path, state)
}

/** Begins a step that {@link RunningStep.ended} ends; `undefined` if nobody records. Steps inside of it are not below it. */
export function beginStep(step: StepDescription): RunningStep | undefined {
  const recording = current.getStore()
  return recording?.recorder.begin(step, recording)
}

/**
 * Runs a function as a step. A function that returns no promise is none, because nothing of it takes time.
 *
 * @param run gets the step, if somebody records
 */
export function recordStep<T>(description: StepDescription, run: (step?: RunningStep) => T): T {
  const recording = current.getStore()
  if (recording === undefined) return run()
  const running = recording.recorder.begin(description, recording)
  let result: T
  try {
    result = current.run({ ...recording, parent: running.step }, () => run(running))
  } catch (error) {
    running.ended(error)
    throw error
  }
  if (!(result instanceof Promise)) {
    running.forget()
    return result
  }
  return endStep(running, result) as T
}

/** Awaits instead of adding handlers, so that the stacks of errors reach the line of the test. */
async function endStep(running: RunningStep, result: Promise<unknown>): Promise<unknown> {
  try {
    const value = await result
    running.returned(value)
    return value
  } catch (error) {
    running.ended(error)
    throw error
  }
}

/**
 * Gives a part of a test a name, which stands in the evidence of a test that fails. Steps nest.
 *
 * @returns the result of the function
 *
 * @example
 * ```ts
 * await step('boots from the network', async () => {
 *   await dut.power.cycle()
 *   await dut.console.expect('login: ')
 * })
 * ```
 */
export async function step<T>(name: string, run: () => T | Promise<T>): Promise<T> {
  return recordStep({ kind: 'step', target: name }, async () => run())
}
