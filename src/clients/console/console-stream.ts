import { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'

import type { BytesEnd } from '../../base/clean-text.ts'
import { cancelTurn, nextTurn, now, startTimer, stopTimer, wallClock } from '../../base/clock.ts'
import { pollUntil } from '../../base/poll.ts'
import { type GapListener, listenForGaps } from '../../base/stream-gaps.ts'
import { HardwareError } from '../../errors.ts'
import { withoutCallOptions } from '../call-options.ts'
import { type Guard, type GuardHit, Guards } from './guards.ts'
import { Transcript } from './transcript.ts'

/** A match that more output could change counts when the console has been quiet for so long, in milliseconds. */
export const quietMs = 250

const newline = Buffer.from('\n')

/** Options of {@link ConsoleStream}. */
export interface ConsoleStreamOptions {
  /** Opens the device's stream. */
  readonly connect: () => Promise<Duplex>
  readonly guards: readonly Guard[]
  /** The size of the part of the transcript in memory, in bytes. */
  readonly memoryBytes: number | undefined
  /** True if the console waits for a device that goes away, and reads on when it comes back. */
  readonly comesBack: boolean
  /** Called with each hit of a guard, after all readers. */
  readonly onGuardHit: (hit: GuardHit) => void
}

/** A device's stream and everything it has printed, for all readers. */
export class ConsoleStream {
  readonly transcript: Transcript
  readonly guards = new Guards()
  /** Emits `change` when output has come, the stream has ended, or the device has gone or come. */
  readonly events = new EventEmitter<{ change: [] }>().setMaxListeners(0)
  readonly #options: ConsoleStreamOptions
  #opening: Promise<Duplex> | undefined
  #closed: { readonly cause: Error | undefined } | undefined
  #away: { readonly cause: Error } | undefined
  readonly #disposed = new AbortController()
  #chunks: Buffer[] = []
  #time = 0
  #scheduled: NodeJS.Immediate | undefined
  /** Runs while an incomplete escape sequence holds back the output after it. */
  #held: NodeJS.Timeout | undefined
  #heldAt: number | undefined
  /** Runs while more output could change the match of a guard. */
  #quiet: NodeJS.Timeout | undefined

  constructor(options: ConsoleStreamOptions) {
    this.#options = options
    this.transcript = new Transcript(options.memoryBytes)
  }

  /** Set when the stream has ended, with the error that ended it. */
  get closed(): { readonly cause: Error | undefined } | undefined {
    return this.#closed
  }

  /** Set while the device is away, with the error that told so. */
  get away(): { readonly cause: Error } | undefined {
    return this.#away
  }

  /** Opens the stream, unless it is open. A device that is away, and may come back, is no failure. */
  async attach(): Promise<void> {
    const stream = this.open()
    // Writers and readers get its error.
    stream.catch(() => undefined)
    const { promise: isAway, resolve } = Promise.withResolvers<void>()
    const look = () => {
      if (this.#away !== undefined) resolve()
    }
    this.events.on('change', look)
    look()
    await Promise.race([stream, isAway]).finally(() => this.events.off('change', look))
  }

  /** Opens the stream, unless it is open. Waits for a device that is away. */
  open(): Promise<Duplex> {
    if (this.#closed !== undefined) this.#opening = undefined
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  /** Adds the output of this turn of the event loop to the transcript at once. */
  flush(end: BytesEnd = 'open'): void {
    cancelTurn(this.#scheduled)
    this.#scheduled = undefined
    if (this.#chunks.length === 0 && end === 'open') return
    const chunks = this.#chunks
    this.#chunks = []
    this.transcript.append(chunks, this.#time, end)
    this.#limitHeld()
    this.#scan(end === 'ended')
  }

  /** Gives an escape sequence {@link quietMs} to end. Noise that begins like one must not hide a prompt. */
  #limitHeld(): void {
    const { heldAt } = this.transcript
    if (heldAt === this.#heldAt) return
    this.#heldAt = heldAt
    stopTimer(this.#held)
    if (heldAt === undefined) return
    const release = () => {
      this.flush()
      if (this.transcript.heldAt === heldAt) this.flush('quiet')
    }
    // Output that came while this process was busy is read before the next turn.
    this.#held = startTimer(() => nextTurn(release), quietMs)
  }

  #scan(ended: boolean): void {
    stopTimer(this.#quiet)
    const { hits, undecided } = this.guards.scan(this.transcript, ended)
    if (undecided) this.#quiet = startTimer(() => this.#scan(true), quietMs)
    this.events.emit('change')
    for (const hit of hits) this.#options.onGuardHit(hit)
  }

  /** Tells hits that a hold has kept, and that count after all. */
  tell(hits: readonly GuardHit[]): void {
    if (hits.length === 0) return
    this.guards.count(hits)
    this.events.emit('change')
    for (const hit of hits) this.#options.onGuardHit(hit)
  }

  /** Ends the stream and frees the disk space of the transcript. */
  async dispose(): Promise<void> {
    this.#disposed.abort(new Error('the console is closed'))
    const stream = await this.#opening?.catch(() => undefined)
    stream?.destroy()
    this.#close(undefined)
    this.transcript.close()
  }

  async #open(): Promise<Duplex> {
    const { guards, connect } = this.#options
    this.#closed = undefined
    await Promise.all(guards.map((guard) => this.guards.add(guard, () => this.transcript.end)))
    return this.#read(
      await connect().catch((error: unknown) => {
        if (!this.#mayComeBack(error)) throw error
        return this.#waitForDevice(error)
      }),
    )
  }

  #read(stream: Duplex): Duplex {
    let isOver = false
    stream.on('data', (chunk: Buffer) => {
      if (this.#chunks.push(chunk) === 1) this.#time = wallClock()
      // Once for all chunks of one turn.
      this.#scheduled ??= nextTurn(() => this.flush())
    })
    const close = (cause?: Error) => {
      if (isOver) return
      isOver = true
      if (this.#mayComeBack(cause)) this.#reopen(cause)
      else this.#close(cause)
    }
    listenForGaps(stream, this.#gapListener())
    stream.on('error', close)
    stream.on('end', () => close())
    stream.on('close', () => close())
    // The stream may have ended before the listeners were added.
    if (stream.destroyed) close(stream.errored ?? undefined)
    return stream
  }

  /** Marks the time in which the connection to the exporter was broken. What the device printed in it is lost. */
  #gapListener(): GapListener {
    let since = 0
    return {
      broken: ({ message }) => {
        since = now()
        this.#mark(`the connection is broken, and output may be missing: ${message}`)
      },
      mended: () => this.#mark(`the connection is back after ${Math.round(now() - since)} ms`),
    }
  }

  #mayComeBack(error: unknown): error is HardwareError {
    if (!this.#options.comesBack || this.#disposed.signal.aborted || this.#closed !== undefined) return false
    if (!(error instanceof HardwareError) || error.code !== 'DEVICE_IO') return false
    // Exporters of Python do not tell the two apart.
    return error.details.isAway === true || error.origin === 'board'
  }

  #reopen(cause: Error): void {
    const opening = this.#waitForDevice(cause).then((stream) => this.#read(stream))
    this.#opening = opening
    opening.catch((error: unknown) => this.#close(error instanceof Error ? error : cause))
  }

  /** Opens the stream again and again. What the device sends before is lost, so the log has a mark. */
  async #waitForDevice(cause: Error): Promise<Duplex> {
    const since = now()
    this.#away = { cause }
    this.#mark(`the device is away: ${cause.message}`)
    const { connect } = this.#options
    try {
      const open = async () => {
        try {
          // The test during which the device went may be over.
          return await withoutCallOptions(connect)
        } catch (error) {
          if (this.#mayComeBack(error)) return undefined
          throw error
        }
      }
      const stream = await pollUntil(open, { firstMs: 20, maxMs: 200, signal: this.#disposed.signal })
      this.#mark(`the device is back after ${Math.round(now() - since)} ms`)
      return stream
    } finally {
      this.#away = undefined
      this.events.emit('change')
    }
  }

  /** Puts a line into the log. */
  #mark(text: string): void {
    this.flush('ended')
    const { end } = this.transcript
    const begin = end.raw === 0 || this.transcript.raw(end.raw - 1).equals(newline) ? '' : '\r\n'
    this.#chunks.push(Buffer.from(`${begin}[vitest-hardware: ${text}]\r\n`))
    this.#time = wallClock()
    this.flush()
  }

  #close(cause: Error | undefined): void {
    if (this.#closed !== undefined) return
    this.#closed = { cause }
    this.flush('ended')
  }
}
