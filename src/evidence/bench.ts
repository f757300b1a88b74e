import { notePower, type PowerState } from '../recording/power-state.ts'
import type { RecordedConsole, RecordedStep } from '../recording/recorder.ts'
import type { Attempt } from './attempt.ts'

/** The longest line that counts on average, in UTF-16 code units, for the part of the output that is read. */
const lineLength = 200

/** A pin, as the test has read or set it last. */
export interface PinView {
  readonly name: string
  readonly value: string
}

/** The last output of a console. */
export interface ConsoleView {
  readonly name: string
  /** The lines, the latest last. */
  readonly lines: readonly string[]
}

/** A bench as it was when a step had ended. */
export interface BenchView {
  readonly power: readonly PowerState[]
  readonly pins: readonly PinView[]
  readonly consoles: readonly ConsoleView[]
}

/**
 * Finds out from the recording how a bench was when a step had ended. The state before the test is not known, but for the output
 * of consoles.
 */
export function benchAt(attempt: Attempt, step: RecordedStep, maxLines: number): BenchView {
  const power = new Map<string, PowerState>()
  const pins = new Map<string, PinView>()
  const until = step.end ?? attempt.end
  for (const one of attempt.steps) {
    const end = one.end ?? Infinity
    if (one.call === undefined || end > until || one.error !== undefined) continue
    const name = one.target.slice(0, one.target.lastIndexOf('.'))
    if (/Digital(?:In|Out)put/.test(one.call.client)) notePin(pins, name, one)
    else notePower(power, one)
  }
  const outputAt = step.end === undefined ? attempt.recorder.outputNow() : step.outputAt
  const consoles = Array.from(outputAt, ([console, length]) => viewConsole(console, length, maxLines))
  return { power: [...power.values()], pins: [...pins.values()], consoles }
}

function notePin(pins: Map<string, PinView>, name: string, { call, args, result }: RecordedStep): void {
  const level: Readonly<Record<string, string>> = {
    on: 'high',
    off: 'low',
    wait_for_active: 'high',
    wait_for_inactive: 'low',
  }
  const value =
    level[call?.method ?? ''] ??
    (typeof result === 'number' || typeof result === 'boolean' ? String(result) : undefined)
  const written = call?.method === 'write' ? String(args[0]) : value
  if (written !== undefined) pins.set(name, { name, value: written })
}

/** The last lines of a console up to a place. */
function viewConsole(console: RecordedConsole, length: number, maxLines: number): ConsoleView {
  const lines = console.text(Math.max(0, length - maxLines * lineLength), length).split(/\r?\n/)
  return { name: console.name, lines: lines.slice(-maxLines) }
}
