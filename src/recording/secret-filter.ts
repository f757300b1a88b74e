import { maskSecrets } from '../base/mask-secrets.ts'

const stars = Buffer.from('***')

/** The number of bytes that are searched at a time. */
const batchBytes = 64 * 1024

/** Bytes that came at one time. */
interface Piece {
  readonly at: number
  readonly bytes: Uint8Array
}

/**
 * Replaces secrets by `***` in bytes that come in pieces, also where a secret begins in one piece and ends in another: a terminal
 * echoes a password one character at a time. Secrets that overlap become one `***`.
 *
 * @returns the pieces with their times, without those of which nothing is left
 */
export function* maskPieces(pieces: Iterable<Piece>, secrets: Iterable<string>): Generator<Piece> {
  const needles = Array.from(secrets, (secret) => Buffer.from(secret)).filter(({ length }) => length > 0)
  const longest = Math.max(0, ...needles.map(({ length }) => length))
  if (longest === 0) {
    yield* pieces
    return
  }
  const window = new Window(needles)
  for (const piece of pieces) {
    window.add(piece)
    // The last bytes may belong to a secret that has not come to its end.
    if (window.length > batchBytes + longest) yield* window.take(longest - 1)
  }
  yield* window.take(0)
}

/** The last pieces, whose secrets may not have come to their ends. */
class Window {
  readonly #needles: readonly Buffer[]
  #pieces: Piece[] = []
  #length = 0
  /** Tells for each byte if it belongs to a secret. */
  #isSecret = new Uint8Array(0)
  #lastWasSecret = false

  constructor(needles: readonly Buffer[]) {
    this.#needles = needles
  }

  get length(): number {
    return this.#length
  }

  add(piece: Piece): void {
    this.#pieces.push(piece)
    this.#length += piece.bytes.length
  }

  /** Takes out the pieces but for the last bytes. */
  *take(kept: number): Generator<Piece> {
    this.#search()
    let start = 0
    let taken = 0
    for (const { at, bytes } of this.#pieces) {
      if (start + bytes.length > this.#length - kept) break
      const masked = this.#mask(bytes, start)
      if (masked.length > 0) yield { at, bytes: masked }
      start += bytes.length
      taken++
    }
    this.#pieces = this.#pieces.slice(taken)
    this.#isSecret = this.#isSecret.slice(start)
    this.#length -= start
  }

  #search(): void {
    const bytes = Buffer.concat(this.#pieces.map((piece) => piece.bytes))
    const known = this.#isSecret
    this.#isSecret = new Uint8Array(bytes.length)
    this.#isSecret.set(known)
    for (const needle of this.#needles) {
      for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1)) {
        this.#isSecret.fill(1, at, at + needle.length)
      }
    }
  }

  /** @param start the place of the bytes in the window */
  #mask(bytes: Uint8Array, start: number): Uint8Array {
    const parts: Uint8Array[] = []
    for (let from = 0; from < bytes.length;) {
      const isSecret = this.#isSecret[start + from] === 1
      const next = this.#isSecret.indexOf(isSecret ? 0 : 1, start + from) - start
      const to = next < from || next > bytes.length ? bytes.length : next
      if (!isSecret) parts.push(bytes.subarray(from, to))
      else if (!this.#lastWasSecret) parts.push(stars)
      this.#lastWasSecret = isSecret
      from = to
    }
    const [only] = parts
    return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts)
  }
}

/** Replaces secrets in every text of a JSON value, and in bytes: `{ base64 }`. */
export function maskJson(value: unknown, secrets: ReadonlySet<string>): unknown {
  if (secrets.size === 0) return value
  if (typeof value === 'string') return maskSecrets(value, secrets)
  if (Array.isArray(value)) return value.map((part) => maskJson(part, secrets))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  const [[key, base64] = []] = entries
  if (entries.length === 1 && key === 'base64' && typeof base64 === 'string')
    return { base64: maskBase64(base64, secrets) }
  return Object.fromEntries(entries.map(([key, part]) => [maskSecrets(key, secrets), maskJson(part, secrets)]))
}

function maskBase64(base64: string, secrets: ReadonlySet<string>): string {
  const pieces = Array.from(
    maskPieces([{ at: 0, bytes: Buffer.from(base64, 'base64') }], secrets),
    ({ bytes }) => bytes,
  )
  return Buffer.concat(pieces).toString('base64')
}
