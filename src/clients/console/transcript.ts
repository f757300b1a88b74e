import { cleanText } from './clean-text.ts'
import { SpillFile } from './spill-file.ts'
import type { Mark } from './types.ts'

/** How much is kept in memory, in bytes; what is older goes to a file. */
const defaultMemoryBytes = 16 * 1024 * 1024
/** What keeping a piece costs besides its bytes and its text, about. */
const pieceBytes = 256
/** Pieces that go to the file are put together to this many bytes, with the time of the first. */
const spilledBytes = 64 * 1024

/** What came at one time. Its bytes are whole characters and whole escape sequences, so that it can be read by itself. */
interface Piece {
  readonly start: Mark
  readonly end: Mark
  /** Milliseconds since 1970. */
  readonly time: number
  /** Where its bytes are in the file; else they are here. */
  readonly spilledAt: number | undefined
  readonly raw: Buffer | undefined
  readonly text: string | undefined
}

/** All that a console has printed, as bytes and as clean text, with the times when it came. Nothing is ever taken away. */
export class Transcript {
  readonly #memoryBytes: number
  readonly #file = new SpillFile()
  readonly #pieces: Piece[] = []
  #pending: Buffer = Buffer.alloc(0)
  /** How many of the pieces, the oldest, are in the file. */
  #spilled = 0
  #inMemory = 0
  #end: Mark = { text: 0, raw: 0 }

  /** @param memoryBytes how much is kept in memory (default 16 MiB) */
  constructor(memoryBytes: number = defaultMemoryBytes) {
    this.#memoryBytes = memoryBytes
  }

  /** The end of what can be read; bytes that are not yet a whole character come after it. */
  get end(): Mark {
    return this.#end
  }

  /**
   * Adds what has come.
   *
   * @param time when, in milliseconds since 1970
   * @param ended no more will come
   */
  append(chunks: readonly Uint8Array[], time: number, ended = false): void {
    const bytes = Buffer.concat([this.#pending, ...chunks])
    const { text, length } = cleanText(bytes, ended)
    this.#pending = bytes.subarray(length)
    if (length === 0) return
    const start = this.#end
    this.#end = { text: start.text + text.length, raw: start.raw + length }
    const raw = bytes.subarray(0, length)
    this.#pieces.push({ start, end: this.#end, time, raw, text, spilledAt: undefined })
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

  /** The place after so many characters, before what escape sequences follow. */
  markAtText(text: number): Mark {
    const piece = this.#pieces[this.#indexOf('text', text - 1)]
    if (piece === undefined || text <= 0) return { text: 0, raw: 0 }
    if (text >= this.#end.text) return this.#end
    const raw = this.#rawOf(piece)
    // The fewest bytes that give as many characters.
    let [low, high] = [0, raw.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (cleanText(raw.subarray(0, middle)).text.length < text - piece.start.text) low = middle + 1
      else high = middle
    }
    return { text, raw: piece.start.raw + high }
  }

  /** The place after so many bytes. */
  markAtRaw(raw: number): Mark {
    const piece = this.#pieces[this.#indexOf('raw', raw - 1)]
    if (piece === undefined || raw <= 0) return { text: 0, raw: 0 }
    const before = this.#rawOf(piece).subarray(0, raw - piece.start.raw)
    return { text: piece.start.text + cleanText(before).text.length, raw }
  }

  /** When the character before a place came, in milliseconds since 1970. */
  timeAt({ text }: Mark): number {
    return (this.#pieces[this.#indexOf('text', text - 1)] ?? this.#pieces.at(-1))?.time ?? 0
  }

  /** Lets go of what is on disk. */
  close(): void {
    this.#file.close()
  }

  /** The index of the piece that has a character, or byte, of this number. */
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
    return piece.text ?? cleanText(this.#rawOf(piece), true).text
  }

  /** Moves the older half of what is in memory to the file. */
  #spill(): void {
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
      }
      const [first, last] = [group[0] as Piece, group.at(-1) as Piece]
      const spilledAt = this.#file.append(Buffer.concat(group.map((piece) => this.#rawOf(piece))))
      spilled.push({ start: first.start, end: last.end, time: first.time, spilledAt, raw: undefined, text: undefined })
    }
    this.#pieces.splice(this.#spilled, count, ...spilled)
    this.#spilled += spilled.length
  }
}

/** What a piece in memory costs, in bytes: its bytes, and its text at one or two bytes a character. */
function costOf(raw: Buffer): number {
  return pieceBytes + 2 * raw.length
}
