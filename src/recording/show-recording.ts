import { cleanText } from '../base/clean-text.ts'
import { cutText } from '../base/cut-text.ts'
import type { RecordedError, RecordingEvent, RecordingFile, RecordingHeader } from './recording-event.ts'

/** The longest text of a value, in UTF-16 code units. */
const maxLength = 100

type EventOf<Type extends RecordingEvent['type']> = Extract<RecordingEvent, { readonly type: Type }>

/** Shows a recording to people, a line for each call, step and line of a console. */
export function* showRecording({ header, events }: RecordingFile): Generator<string> {
  yield* showHeader(header)
  const shown = new ShownEvents(events)
  for (const event of events) yield* shown.show(event)
  yield* shown.rest()
}

function* showHeader({ startedAt, versions, test, exporters, files }: RecordingHeader): Generator<string> {
  if (test !== undefined) {
    const attempt = test.retry + test.repeats === 0 ? '' : `, retry ${test.retry}, repetition ${test.repeats}`
    yield `${test.name} (${test.file}${attempt})`
    yield `the test ran from ${time(test.start)} to ${time(test.end)} ms of the clock, which began at ${startedAt}`
  } else yield `the clock began at ${startedAt}`
  yield Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')
  for (const [role, { name = '?', drivers }] of Object.entries(exporters)) {
    yield `${role}: exporter ${name}, ${drivers.length} ${drivers.length === 1 ? 'driver' : 'drivers'}`
  }
  for (const { path, size, sha256 } of files) {
    yield `file ${path}: ${size === undefined ? 'changed since' : `${size} bytes, sha256 ${sha256}`}`
  }
  yield ''
}

/** Shows the events, one after another. */
class ShownEvents {
  /** The ends of calls and steps, by id. */
  readonly #returns: ReadonlyMap<number, EventOf<'return'>>
  readonly #stepEnds: ReadonlyMap<number, EventOf<'stepEnd'>>
  readonly #items: ReadonlyMap<number, number>
  readonly #depths = new Map<number, number>()
  readonly #streams = new Map<number, string>()
  /** The unfinished line of each console. */
  readonly #lines = new Map<string, { readonly at: number; readonly text: string }>()

  constructor(events: readonly RecordingEvent[]) {
    this.#returns = new Map(events.flatMap((event) => (event.type === 'return' ? [[event.id, event]] : [])))
    this.#stepEnds = new Map(events.flatMap((event) => (event.type === 'stepEnd' ? [[event.id, event]] : [])))
    const items = new Map<number, number>()
    for (const event of events) if (event.type === 'item') items.set(event.id, (items.get(event.id) ?? 0) + 1)
    this.#items = items
  }

  *show(event: RecordingEvent): Generator<string> {
    if (event.type === 'output') yield* this.#output(event)
    const text = this.#describe(event)
    if (text !== undefined) yield line(event.at, text)
  }

  /** The lines of consoles that have no end. */
  *rest(): Generator<string> {
    for (const [console, { at, text }] of this.#lines) if (text !== '') yield line(at, `${console} | ${text}`)
  }

  /** @returns `undefined` for what another line shows */
  #describe(event: RecordingEvent): string | undefined {
    switch (event.type) {
      case 'call':
        return this.#call(event)
      case 'step':
        return this.#step(event)
      case 'open':
        this.#streams.set(event.id, join(event.role, event.driver, event.method))
        return `${event.kind} ${this.#streams.get(event.id)} opens`
      case 'bytes': {
        const arrow = event.direction === 'in' ? '←' : '→'
        return `stream ${this.#streams.get(event.id)} ${arrow} ${event.bytes.length} bytes ${value(Buffer.from(event.bytes).toString())}`
      }
      case 'skipped':
        return `stream ${this.#streams.get(event.id)}: ${event.bytes} bytes ${event.direction} were too fast to be kept`
      case 'close': {
        const { bytesIn, bytesOut, error } = event
        return `stream ${this.#streams.get(event.id)} closes after ${bytesIn} bytes in and ${bytesOut} out${failure(error)}`
      }
      case 'guard':
        return `guard: ${event.message}`
      case 'log':
        return `log of ${event.role}, ${event.severity}: ${event.message}`
      case 'run': {
        const { type, ...facts } = event.event
        return `run: ${type} ${value(facts)}`
      }
      case 'dropped':
        return `… ${event.count} older ${event.what} are missing (${event.bytes} bytes)`
      case 'console':
      case 'item':
      case 'output':
      case 'return':
      case 'stepEnd':
        return undefined
    }
  }

  #call({ id, role, driver, method, args, streaming }: EventOf<'call'>): string {
    const end = this.#returns.get(id)
    const result = streaming === true ? `${this.#items.get(id) ?? 0} answers` : value(end?.value)
    return `call ${join(role, driver, method)}(${args.map(value).join(', ')})${ending(end, result)}`
  }

  #step({ id, parent, kind, target, args, site }: EventOf<'step'>): string {
    const depth = parent === undefined ? 0 : (this.#depths.get(parent) ?? 0) + 1
    this.#depths.set(id, depth)
    const end = this.#stepEnds.get(id)
    const name = kind === 'step' ? target : `${target}(${args.map(value).join(', ')})`
    const result = end?.result === undefined || end.result === null ? undefined : value(end.result)
    return `${'  '.repeat(depth)}▶ ${name}${ending(end, result)}${site === undefined ? '' : `  ${site}`}`
  }

  /** Joins the pieces of a line. */
  *#output({ console, bytes, at }: EventOf<'output'>): Generator<string> {
    const { text } = cleanText(Buffer.from(bytes), 'ended')
    let open = this.#lines.get(console) ?? { at, text: '' }
    const [first = '', ...others] = text.split(/\r?\n/)
    open = { at: open.text === '' ? at : open.at, text: open.text + first }
    for (const other of others) {
      yield line(open.at, `${console} | ${open.text.replace(/\r$/, '')}`)
      open = { at, text: other }
    }
    this.#lines.set(console, open)
  }
}

function line(at: number, text: string): string {
  return `${time(at).padStart(12)}  ${text}`
}

function time(ms: number): string {
  return ms.toFixed(3)
}

function join(...names: readonly string[]): string {
  return names.filter(Boolean).join('.')
}

function value(one: unknown): string {
  return cutText(JSON.stringify(one) ?? 'undefined', maxLength)
}

function ending(
  end: { readonly durationMs: number; readonly error?: RecordedError | undefined } | undefined,
  result: string | undefined,
): string {
  if (end === undefined) return '  (no end)'
  const took = `  ${end.durationMs.toFixed(1)} ms`
  if (end.error !== undefined) return `${took}${failure(end.error)}`
  return result === undefined ? took : ` → ${result}${took}`
}

function failure(error: RecordedError | undefined): string {
  return error === undefined
    ? ''
    : `  ✗ ${error.code ?? error.name}: ${cutText(error.message.split('\n')[0] ?? '', 2 * maxLength)}`
}
