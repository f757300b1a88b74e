import { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'

import { type Guard, Guards, type Tripped } from './guards.ts'
import { Transcript } from './transcript.ts'

/** How long a console has to be quiet until a match that more output could change is taken as it is, in milliseconds. */
export const quietMs = 250

/** What {@link Source} takes. */
export interface SourceOptions {
  /** Opens the device's stream. */
  readonly connect: () => Promise<Duplex>
  readonly guards: readonly Guard[]
  /** How much of the transcript is kept in memory, in bytes. */
  readonly memoryBytes: number | undefined
  /** Is told what guards have found, after all who read. */
  readonly onTripped: (tripped: Tripped) => void
}

/** A device's stream, and all that it has printed, for all who read it. */
export class Source {
  readonly transcript: Transcript
  readonly guards = new Guards()
  /** Emits `change` when more has come, or the stream has ended. */
  readonly events = new EventEmitter<{ change: [] }>().setMaxListeners(0)
  readonly #options: SourceOptions
  #opening: Promise<Duplex> | undefined
  #closed: { readonly cause: Error | undefined } | undefined
  #chunks: Buffer[] = []
  #time = 0
  #scheduled: NodeJS.Immediate | undefined
  /** Runs while what a guard has found could still change. */
  #quiet: NodeJS.Timeout | undefined

  constructor(options: SourceOptions) {
    this.#options = options
    this.transcript = new Transcript(options.memoryBytes)
  }

  /** Why the stream has ended, if it has. */
  get closed(): { readonly cause: Error | undefined } | undefined {
    return this.#closed
  }

  /** The stream, which is opened if it has not been, or has ended. */
  open(): Promise<Duplex> {
    if (this.#closed !== undefined) this.#opening = undefined
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  /** Takes in what has come in this turn of the event loop, for those who do not wait for the next. */
  flush(ended = false): void {
    clearImmediate(this.#scheduled)
    this.#scheduled = undefined
    if (this.#chunks.length === 0 && !ended) return
    const chunks = this.#chunks
    this.#chunks = []
    this.transcript.append(chunks, this.#time, ended)
    this.#look(ended)
  }

  #look(ended: boolean): void {
    clearTimeout(this.#quiet)
    const { appeared, open } = this.guards.look(this.transcript, ended)
    if (open) this.#quiet = setTimeout(() => this.#look(true), quietMs)
    this.events.emit('change')
    for (const tripped of appeared) this.#options.onTripped(tripped)
  }

  /** Ends the stream and lets go of what is on disk. */
  async dispose(): Promise<void> {
    const stream = await this.#opening?.catch(() => undefined)
    stream?.destroy()
    this.#close(undefined)
    this.transcript.close()
  }

  async #open(): Promise<Duplex> {
    const { guards, connect } = this.#options
    this.#closed = undefined
    await Promise.all(guards.map((guard) => this.guards.add(guard, () => this.transcript.end)))
    const stream = await connect()
    stream.on('data', (chunk: Buffer) => {
      if (this.#chunks.push(chunk) === 1) this.#time = Date.now()
      // Once for all that comes in one turn, however it is cut.
      this.#scheduled ??= setImmediate(() => this.flush())
    })
    const close = (cause?: Error) => this.#close(cause)
    stream.on('error', close)
    stream.on('end', () => close())
    stream.on('close', () => close())
    // It may have ended before anybody could listen.
    if (stream.destroyed) close(stream.errored ?? undefined)
    return stream
  }

  #close(cause: Error | undefined): void {
    if (this.#closed !== undefined) return
    this.#closed = { cause }
    this.flush(true)
  }
}
