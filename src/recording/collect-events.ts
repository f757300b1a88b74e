import { recordedError, toJson } from './json-value.ts'
import type { RecordingClock } from './recording-clock.ts'
import type { RecordedConsole, RecordedStep, Recorder } from './recorder.ts'
import type { RecordingEvent } from './recording-event.ts'
import { maskJson, maskPieces } from './secret-filter.ts'

/** The most output of a console that goes into a file, in bytes. */
const maxOutputBytes = 16 * 1024 * 1024

/** The fields of events that name kinds. A password may be one of these words. */
const kinds: ReadonlySet<string> = new Set(['type', 'kind', 'direction'])

/** A step, with its line in the test. */
export interface LocatedStep {
  readonly step: RecordedStep
  /** `board.test.ts:12:3` */
  readonly site?: string | undefined
}

/** Collects all that a recorder knows, in the order of time, with secrets replaced by `***`. */
export function collectEvents(recorder: Recorder, steps: readonly LocatedStep[]): readonly RecordingEvent[] {
  const { secrets, clock } = recorder
  const recorded = Array.from(recorder.recordings.values(), (recording) => recording.list()).flat()
  const events = [
    ...recorder.run.list(),
    ...stepEvents(steps, clock),
    ...recorded.filter(({ type }) => type !== 'bytes'),
  ].map((event) => maskEvent(event, secrets))
  const outputs = recorder.consoles.flatMap((console) => [...outputEvents(console, secrets, clock)])
  // The sort is stable: of events at one time, a step comes before its call.
  return [...events, ...streamEvents(recorded, secrets), ...outputs].toSorted((one, other) => one.at - other.at)
}

function* stepEvents(steps: readonly LocatedStep[], clock: RecordingClock): Generator<RecordingEvent> {
  const ids = new Map(steps.map(({ step }) => [step, clock.nextId()]))
  for (const { step, site } of steps) {
    const { kind, target, start, end, error, result } = step
    const id = ids.get(step) ?? 0
    const parent = step.parent === undefined ? undefined : ids.get(step.parent)
    const args = step.args.map(toJson)
    const at = clock.fromNow(start)
    yield {
      type: 'step',
      id,
      ...(parent === undefined ? {} : { parent }),
      kind,
      target,
      args,
      ...(site === undefined ? {} : { site }),
      at,
    }
    if (end === undefined) continue
    yield {
      type: 'stepEnd',
      id,
      durationMs: end - start,
      ...(result === undefined ? {} : { result: toJson(result) }),
      ...(error === undefined ? {} : { error: recordedError(error) }),
      at: clock.fromNow(end),
    }
  }
}

function maskEvent(event: RecordingEvent, secrets: ReadonlySet<string>): RecordingEvent {
  if (secrets.size === 0) return event
  const masked = Object.entries(event).map(([name, value]) => [
    name,
    kinds.has(name) ? value : maskJson(value, secrets),
  ])
  return Object.fromEntries(masked) as RecordingEvent
}

/** The bytes of each stream and direction are searched as a whole. */
function* streamEvents(events: readonly RecordingEvent[], secrets: ReadonlySet<string>): Generator<RecordingEvent> {
  const bytes = events.filter((event) => event.type === 'bytes')
  for (const ofStream of Map.groupBy(bytes, ({ id, direction }) => `${id} ${direction}`).values()) {
    const [first] = ofStream
    if (first === undefined) continue
    const { type, id, direction } = first
    for (const piece of maskPieces(ofStream, secrets)) yield { type, id, direction, bytes: piece.bytes, at: piece.at }
  }
}

function* outputEvents(
  { name, rawLength, pieces }: RecordedConsole,
  secrets: ReadonlySet<string>,
  clock: RecordingClock,
): Generator<RecordingEvent> {
  const dropped = Math.max(0, rawLength() - maxOutputBytes)
  for (const { at, bytes } of maskPieces(pieces(dropped), secrets)) {
    yield { type: 'output', console: name, bytes, at: clock.fromNow(at) }
  }
  if (dropped > 0) yield { type: 'dropped', what: `output of ${name}`, count: 1, bytes: dropped, at: 0 }
}
