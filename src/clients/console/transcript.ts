import { type BytesEnd, bytesFor, charactersIn, cleanText, escapeByte } from '../../base/clean-text.ts'
import { now } from '../../base/clock.ts'
import { messageOf } from '../../errors.ts'
import { SpillFile } from './spill-file.ts'
import type { Mark } from './types.ts'

/** The size of the output that is kept in memory, in bytes; older output goes to a file. */
const defaultMemoryBytes = 16 * 1024 * 1024
/** The approximate memory that a piece needs besides its bytes and its text, in bytes. */
const pieceBytes = 256
/** Pieces that go to the file are joined to this many bytes, with the time of the first piece. */
const spilledBytes = 64 * 1024

/** Output that came at one time. It has whole characters and whole escape sequences, so it can be decoded by itself. */
interface Piece {
  readonly start: Mark
  readonly end: Mark
  /** Milliseconds since 1970. */
  readonly time: number
  /** The same as of `now()`. */
  readonly at: number
  /** The place of its bytes in the file; `undefined` if they are in `raw`. */
  readonly spilledAt: number | undefined
  readonly raw: Buffer | undefined
  readonly text: string | undefined
  /** The end with which the bytes were decoded. */
  readonly decodedAs: BytesEnd
}

/** The whole output of a console, as bytes and as clean text, with times. Nothing is ever taken away. */
export class Transcript {
  readonly #memoryBytes: number
  readonly #file = new SpillFile()
  readonly #pieces: Piece[] = []
  #pending: Buffer = Buffer.alloc(0)
  /** The number of pieces in the file; they are the oldest. */
  #spilled = 0
  #diskFailed = false
  #inMemory = 0
  #end: Mark = { text: 0, raw: 0 }

  /** @param memoryBytes the size of the output that is kept in memory (default 16 MiB) */
  constructor(memoryBytes: number = defaultMemoryBytes) {
    this.#memoryBytes = memoryBytes
  }

  /** The end of the output, without the bytes of an incomplete character. */
  get end(): Mark {
    return this.#end
  }

  /** The place, in bytes, of the incomplete escape sequence that holds back what came after it; `undefined` if there is none. */
  get heldAt(): number | undefined {
    return this.#pending[0] === escapeByte ? this.#end.raw : undefined
  }

  /**
   * Adds output.
   *
   * @param time in milliseconds since 1970
   * @param end tells if more output comes
   */
  append(chunks: readonly Uint8Array[], time: number, end: BytesEnd = 'open'): void {
    const bytes = Buffer.concat([this.#pending, ...chunks])
    const { text, length } = cleanText(bytes, end)
    this.#pending = bytes.subarray(length)
    if (length === 0) return
    const start = this.#end
    this.#end = { text: start.text + text.length, raw: start.raw + length }
    const raw = bytes.subarray(0, length)
    this.#pieces.push({ start, end: this.#end, time, at: now(), raw, text, decodedAs: end, spilledAt: undefined })
    this.#inMemory += costOf(raw)
    if (this.#inMemory > this.#memoryBytes) this.#spill()
  }

  /** Clean text between two places. */
  text(from: number, to: number = this.#end.text): string {
    let text = ''
    for (let index = this.#indexOf('text', from); index < this.#pieces.length; index++) {
      const piece = this.#pieces[index]
      if (piece === undefined || piece.start.text >= to) break
      const start = piece.start.text
      text += this.#textOf(piece).slice(Math.max(0, from - start), Math.max(0, to - start))
    }
    return text
  }

  /** Bytes between two places. */
  raw(from: number, to: number = this.#end.raw): Buffer {
    const found: Buffer[] = []
    for (let index = this.#indexOf('raw', from); index < this.#pieces.length; index++) {
      const piece = this.#pieces[index]
      if (piece === undefined || piece.start.raw >= to) break
      const start = piece.start.raw
      found.push(this.#rawOf(piece).subarray(Math.max(0, from - start), Math.max(0, to - start)))
    }
    return Buffer.concat(found)
  }

  /** The output from a number of bytes on, as it came. Pieces that have left the memory are joined. */
  *pieces(from: number): Generator<{ readonly at: number; readonly bytes: Uint8Array }> {
    for (const piece of this.#pieces.slice(this.#indexOf('raw', from))) {
      yield { at: piece.at, bytes: this.#rawOf(piece).subarray(Math.max(0, from - piece.start.raw)) }
    }
  }

  /** The place after a number of characters, before the escape sequences that follow. */
  markAtText(text: number): Mark {
    const piece = this.#pieces[this.#indexOf('text', text - 1)]
    if (piece === undefined || text <= 0) return { text: 0, raw: 0 }
    if (text >= this.#end.text) return this.#end
    const raw = this.#rawOf(piece)
    return { text, raw: piece.start.raw + bytesFor(raw, piece.decodedAs, text - piece.start.text) }
  }

  /** The place after a number of bytes. */
  markAtRaw(raw: number): Mark {
    const piece = this.#pieces[this.#indexOf('raw', raw - 1)]
    if (piece === undefined || raw <= 0) return { text: 0, raw: 0 }
    const characters = charactersIn(this.#rawOf(piece), piece.decodedAs, raw - piece.start.raw)
    return { text: piece.start.text + characters, raw }
  }

  /** The time when the character before a place came, in milliseconds since 1970. */
  timeAt({ text }: Mark): number {
    return (this.#pieces[this.#indexOf('text', text - 1)] ?? this.#pieces.at(-1))?.time ?? 0
  }

  /** Frees the disk space. */
  close(): void {
    this.#file.close()
  }

  /** The index of the piece with a character or byte of this number. */
  #indexOf(unit: keyof Mark, at: number): number {
    let [low, high] = [0, this.#pieces.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#pieces[middle]?.end[unit] ?? 0) <= at) low = middle + 1
      else high = middle
    }
    return low
  }

  #rawOf({ raw, spilledAt = 0, start, end }: Piece): Buffer {
    return raw ?? this.#file.read(spilledAt, end.raw - start.raw)
  }

  #textOf(piece: Piece): string {
    return piece.text ?? cleanText(this.#rawOf(piece), piece.decodedAs).text
  }

  /** Moves the older half of the pieces in memory to the file. If the disk is full they stay in memory: no output is lost. */
  #spill(): void {
    if (this.#diskFailed) return
    const inMemory = this.#inMemory
    try {
      this.#moveToFile()
    } catch (error) {
      this.#diskFailed = true
      this.#inMemory = inMemory
      process.emitWarning(`The output of a console stays in memory, because no file can take it: ${messageOf(error)}`)
    }
  }

  #moveToFile(): void {
    let count = 0
    const spilled: Piece[] = []
    const inMemory = this.#pieces.slice(this.#spilled)
    while (this.#inMemory > this.#memoryBytes / 2 && count < inMemory.length - 1) {
      const group: Piece[] = []
      for (let length = 0; length < spilledBytes && count < inMemory.length - 1; count++) {
        const piece = inMemory[count] as Piece
        group.push(piece)
        length += piece.end.raw - piece.start.raw
        this.#inMemory -= costOf(this.#rawOf(piece))
        // With the bytes after it, its end would be decoded in another way.
        if (piece.decodedAs !== 'open') {
          count++
          break
        }
      }
      const [first, last] = [group[0] as Piece, group.at(-1) as Piece]
      const spilledAt = this.#file.append(Buffer.concat(group.map((piece) => this.#rawOf(piece))))
      const { start, time, at } = first
      const { end, decodedAs } = last
      spilled.push({ start, end, time, at, decodedAs, spilledAt, raw: undefined, text: undefined })
    }
    this.#pieces.splice(this.#spilled, count, ...spilled)
    this.#spilled += spilled.length
  }
}

/** The memory of a piece, in bytes: its bytes, and its text at one or two bytes a character. */
function costOf(raw: Buffer): number {
  return pieceBytes + 2 * raw.length
}
