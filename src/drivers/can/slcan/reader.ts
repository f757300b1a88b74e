import { type DecodedFrame, decodeFrame } from './frame-text.ts'

/** A part of an adapter's output. */
export type SlcanPart =
  | ({ readonly kind: 'frame' } & DecodedFrame)
  /** A line that is no frame: the answer to a command, without its end. */
  | { readonly kind: 'line'; readonly text: string }
  /** BEL: the adapter refuses a command. */
  | { readonly kind: 'refusal' }

/** The longest line: an extended frame of CAN FD with 64 bytes and a time stamp has 142 characters. */
const maxLineLength = 256

/** The ends of a line and of a refused command. */
const [carriageReturn, bell] = ['\r', '\u0007']

/** Cuts an adapter's output into its parts, wherever it is cut in between. CR ends a line, and BEL is a part by itself. */
export class SlcanReader {
  #text = ''

  /** Takes the next bytes. @returns the parts that they complete */
  push(bytes: Uint8Array): SlcanPart[] {
    const parts: SlcanPart[] = []
    for (const byte of bytes) {
      const character = String.fromCharCode(byte)
      if (character === carriageReturn) parts.push(partOf(this.#take()))
      else if (character === bell) {
        const text = this.#take()
        if (text !== '') parts.push({ kind: 'line', text })
        parts.push({ kind: 'refusal' })
      }
      // Some adapters end their lines with LF, too. Noise has no end.
      else if (character !== '\n' && this.#text.length < maxLineLength) this.#text += character
    }
    return parts
  }

  #take(): string {
    const text = this.#text
    this.#text = ''
    return text
  }
}

function partOf(text: string): SlcanPart {
  const decoded = decodeFrame(text)
  return decoded === undefined ? { kind: 'line', text } : { kind: 'frame', ...decoded }
}
