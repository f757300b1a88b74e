import type { Duplex } from 'node:stream'

import { BoundedEvents } from './bounded-events.ts'
import { ByteBudget } from './byte-budget.ts'
import { copyAsJson, recordedError } from './json-value.ts'
import { RecordedStream } from './recorded-stream.ts'
import type { RecordingClock } from './recording-clock.ts'
import type { RecordedExporter, RecordingEvent, RecordingFact } from './recording-event.ts'

/** The memory that the recording of a connection may need, in bytes, besides the output of its consoles, which they keep themselves. */
const defaultLimitBytes = 64 * 1024 * 1024
/** The part of it for the bytes of streams and the answers of streaming calls. They do not push out the calls. */
const trafficShare = 0.75

/** The place of a method: `driver` is the path in the tree, `method` the name on the wire. */
interface Method {
  readonly driver: string
  readonly method: string
}

/** A call that has begun. */
export interface RecordedCall {
  readonly id: number
  readonly start: number
}

/** Keeps everything that passes over the connection to one exporter, up to a size; the oldest is forgotten first. */
export class Recording {
  /** The name that the user gave the exporter; empty if he gave none. */
  readonly role: string
  readonly #clock: RecordingClock
  readonly #events: BoundedEvents
  readonly #traffic: BoundedEvents
  readonly #budget = new ByteBudget()
  #exporter: RecordedExporter = { drivers: [] }

  constructor(role: string, clock: RecordingClock, limitBytes: number = defaultLimitBytes) {
    this.role = role
    this.#clock = clock
    this.#traffic = new BoundedEvents(`bytes of streams of ${role}`, limitBytes * trafficShare)
    this.#events = new BoundedEvents(`calls of ${role}`, limitBytes * (1 - trafficShare))
  }

  /** The exporter, as it has reported itself. */
  get exporter(): RecordedExporter {
    return this.#exporter
  }

  /** The memory that the recording needs, in bytes. */
  get bytes(): number {
    return this.#events.bytes + this.#traffic.bytes
  }

  /** Everything that is kept: the calls, then the bytes of streams, each in the order of time. */
  list(): readonly RecordingEvent[] {
    return [...this.#events.list(), ...this.#traffic.list()]
  }

  /** Notes the report of the exporter. */
  describe({ uuid, labels, drivers }: RecordedExporter): void {
    this.#exporter = {
      uuid,
      labels,
      drivers: drivers.map(({ uuid, parentUuid, labels }) => ({ uuid, parentUuid, labels })),
    }
  }

  /** Notes the begin of a call. */
  begin(
    { driver, method }: Method,
    given: readonly unknown[],
    { streaming }: { readonly streaming: boolean },
  ): RecordedCall {
    const call = { id: this.#clock.nextId(), start: this.#clock.time }
    const { value, size } = copyAsJson(given)
    const args = Array.isArray(value) ? value : [value]
    const role = this.role
    const fact = { type: 'call', id: call.id, role, driver, method, args, at: call.start } as const
    this.#events.add(streaming ? { ...fact, streaming } : fact, size)
    return call
  }

  /** Notes one answer of a call that has many. */
  answered({ id }: RecordedCall, answer: unknown): void {
    const { value, size } = copyAsJson(answer)
    this.#traffic.add({ type: 'item', id, value, at: this.#clock.time }, size)
  }

  /** Notes the end of a call. */
  returned({ id, start }: RecordedCall, result: unknown): void {
    const { value, size } = copyAsJson(result)
    const at = this.#clock.time
    this.#events.add({ type: 'return', id, durationMs: at - start, value, at }, size)
  }

  /** Notes the failure of a call. */
  failed({ id, start }: RecordedCall, error: unknown): void {
    const at = this.#clock.time
    const recorded = recordedError(error)
    this.#events.add({ type: 'return', id, durationMs: at - start, error: recorded, at }, recorded.message.length)
  }

  /** Notes a stream that was opened, and all that passes through it. Of a stream for a file only the sizes are kept. */
  opened(stream: Duplex, { driver, method }: Method, kind: 'stream' | 'file'): void {
    const id = this.#clock.nextId()
    this.note({ type: 'open', id, role: this.role, kind, driver, method })
    const note = (fact: RecordingFact, size: number) => {
      const to = fact.type === 'bytes' || fact.type === 'skipped' ? this.#traffic : this.#events
      to.add({ ...fact, at: this.#clock.time }, size)
    }
    const takes = (size: number) => this.#budget.takes(size, this.#clock.time)
    new RecordedStream(stream, id, { note, takes }, kind === 'stream')
  }

  /** Notes a stream that could not be opened. */
  notOpened({ driver, method }: Method, error: unknown): void {
    const id = this.#clock.nextId()
    this.note({ type: 'open', id, role: this.role, kind: 'stream', driver, method })
    this.note({ type: 'close', id, bytesIn: 0, bytesOut: 0, error: recordedError(error) })
  }

  /** Notes a line of the exporter's log. */
  logged({
    severity,
    source,
    message,
  }: {
    readonly severity: string
    readonly source: string
    readonly message: string
  }): void {
    this.note({ type: 'log', role: this.role, severity, source, message }, message.length)
  }

  /** Notes anything else. @param size the size of its values, in bytes */
  note(fact: RecordingFact, size = 0): void {
    this.#events.add({ ...fact, at: this.#clock.time }, size)
  }
}
