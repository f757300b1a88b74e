import type { RecordingEvent } from './recording-event.ts'

/** The approximate memory of an event besides its values, in bytes. */
const eventBytes = 200

/** The newest events up to a size. Adding one costs the same however many there are. */
export class BoundedEvents {
  readonly #what: string
  readonly #limitBytes: number
  #events: RecordingEvent[] = []
  #sizes: number[] = []
  /** The index of the oldest event that counts. */
  #first = 0
  #bytes = 0
  #dropped = { count: 0, bytes: 0, at: 0 }

  /** @param what the name of the events in the note that some are missing */
  constructor(what: string, limitBytes: number) {
    this.#what = what
    this.#limitBytes = limitBytes
  }

  /** The memory that the events need, in bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /** @param size the size of the event's values, in bytes */
  add(event: RecordingEvent, size: number): void {
    this.#events.push(event)
    this.#sizes.push(size)
    this.#bytes += size + eventBytes
    while (this.#bytes > this.#limitBytes && this.#first < this.#events.length) this.#drop()
    if (this.#first * 2 > this.#events.length && this.#first > 1_000) this.#compact()
  }

  /** The events, oldest first, after a note if some are missing. */
  list(): readonly RecordingEvent[] {
    const events = this.#events.slice(this.#first)
    const { at, count, bytes } = this.#dropped
    return count === 0 ? events : [{ at, type: 'dropped', what: this.#what, count, bytes }, ...events]
  }

  #drop(): void {
    const size = this.#sizes[this.#first] ?? 0
    const at = this.#events[this.#first]?.at ?? 0
    this.#first++
    this.#bytes -= size + eventBytes
    this.#dropped = { at, count: this.#dropped.count + 1, bytes: this.#dropped.bytes + size }
  }

  #compact(): void {
    this.#events = this.#events.slice(this.#first)
    this.#sizes = this.#sizes.slice(this.#first)
    this.#first = 0
  }
}
