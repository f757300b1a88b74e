import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

/** The length from which lines are cut, in characters. Each piece fits into one message of gRPC. */
const defaultMaxLength = 64 * 1024

/** Options of {@link LineSplitter} and {@link readLines}. */
export interface LineOptions {
  /** A longer line comes in pieces of this many characters, or one less where a surrogate pair would be cut (default 64 Ki, at least 2). */
  readonly maxLength?: number | undefined
}

/** Cuts text that comes in pieces into lines. `\n`, `\r\n` and a lone `\r`, which progress bars use, end a line. */
export class LineSplitter {
  readonly #maxLength: number
  readonly #decoder = new StringDecoder('utf8')
  #rest = ''
  /** The last piece ended with `\r`: a `\n` that follows belongs to it. */
  #endedWithReturn = false

  constructor({ maxLength = defaultMaxLength }: LineOptions = {}) {
    this.#maxLength = maxLength
  }

  /** Takes the next piece. @returns the lines that it completes, without their ends */
  push(piece: string | Uint8Array): string[] {
    let text = typeof piece === 'string' ? piece : this.#decoder.write(piece)
    if (text === '') return []
    if (this.#endedWithReturn && text.startsWith('\n')) text = text.slice(1)
    this.#endedWithReturn = text.endsWith('\r')
    // Only the new text is searched: a long line in small pieces would else take time that grows with its square.
    const lines = text.split(/\r\n|[\r\n]/)
    lines[0] = `${this.#rest}${lines[0]}`
    const [rest, ...pieces] = this.#cut(lines.pop() ?? '').toReversed()
    this.#rest = rest ?? ''
    return [...lines.flatMap((line) => withoutEmptyLast(this.#cut(line))), ...pieces.toReversed()]
  }

  /** @returns the text of the unfinished last line; `undefined` if there is none */
  flush(): string | undefined {
    const rest = `${this.#rest}${this.#decoder.end()}`
    this.#rest = ''
    return rest === '' ? undefined : rest
  }

  /** @returns a line in pieces, the last of which is shorter than the limit and may be empty */
  #cut(line: string): string[] {
    const pieces: string[] = []
    let from = 0
    while (line.length - from >= this.#maxLength) {
      const end = from + this.#maxLength
      const to = isHighSurrogate(line.charCodeAt(end - 1)) ? end - 1 : end
      pieces.push(line.slice(from, to))
      from = to
    }
    return [...pieces, line.slice(from)]
  }
}

function withoutEmptyLast(pieces: readonly string[]): readonly string[] {
  return pieces.length > 1 && pieces.at(-1) === '' ? pieces.slice(0, -1) : pieces
}

/** The first half of a character outside the Basic Multilingual Plane (Unicode, section 3.8). */
function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff
}

/**
 * Passes on the lines of a process's output as they come.
 *
 * @returns a function that passes on the unfinished last line; the end of the output calls it, too
 */
export function readLines(output: Readable, receive: (line: string) => void, options?: LineOptions): () => void {
  const splitter = new LineSplitter(options)
  const flush = () => {
    const rest = splitter.flush()
    if (rest !== undefined) receive(rest)
  }
  output.on('data', (piece: string | Uint8Array) => {
    for (const line of splitter.push(piece)) receive(line)
  })
  output.once('end', flush)
  return flush
}
