import { now } from '../base/clock.ts'
import { onAbort } from '../base/abort.ts'
import { cleanText } from '../base/clean-text.ts'
import { cutText } from '../base/cut-text.ts'
import type { ExporterActivity } from '../protocol/activity.ts'

/** The time for which a call that was broken off is still reported, in milliseconds: a client's connections end one after another. */
const recentMs = 2_000
/** The number of calls that were broken off that are kept. */
const keptCalls = 20
/** The length of the end of a byte stream that is kept, in bytes. */
const keptBytes = 4_096
/** The number of pieces that this end may have. A small piece may be a view of a large buffer, which it keeps in memory. */
const keptPieces = 64
/** The number of last lines of a console that are reported, and the length of each, in characters. */
const shownLines = 10
const shownLength = 200

interface RecordedCall {
  /** `board.power.cycle`. */
  readonly name: string
  readonly startedAt: number
  endedAt: number | undefined
}

interface Output {
  chunks: Uint8Array[]
  bytes: number
  /** The stream that is recorded. Other streams of the driver may carry the same bytes. */
  source: OutputSource | undefined
}

/** The output of a byte stream, for the record. */
export interface OutputSource {
  /** Records bytes that the device has sent. */
  sent(chunk: Uint8Array): void
  /** Ends the stream. The bytes stay in the record. */
  end(): void
}

/** A record of the last actions of a session's clients, for a client that dies and cannot report them itself. */
export class SessionActivity {
  readonly #running = new Set<RecordedCall>()
  readonly #broken: RecordedCall[] = []
  /** By the driver's place in the tree. */
  readonly #outputs = new Map<string, Output>()

  /**
   * Records a call. An abort of the signal breaks it off, even if the driver goes on.
   *
   * @param path the driver's place in the tree
   * @returns a function that ends the call
   */
  begin(path: string, method: string, signal: AbortSignal): () => void {
    const name = path === '' ? method : `${path}.${method}`
    const call: RecordedCall = { name, startedAt: now(), endedAt: undefined }
    this.#running.add(call)
    const stopListening = onAbort(signal, () => {
      this.#running.delete(call)
      call.endedAt = now()
      this.#broken.push(call)
      if (this.#broken.length > keptCalls) this.#broken.shift()
    })
    return () => {
      stopListening()
      this.#running.delete(call)
    }
  }

  /** Records the output of a byte stream. Of several that are open for a driver, only one is recorded until it ends. */
  follow(path: string): OutputSource {
    const source: OutputSource = {
      sent: (chunk) => {
        const output = this.#outputs.get(path) ?? { chunks: [], bytes: 0, source }
        this.#outputs.set(path, output)
        output.source ??= source
        if (output.source === source) keep(output, chunk)
      },
      end: () => {
        const output = this.#outputs.get(path)
        if (output?.source === source) output.source = undefined
      },
    }
    return source
  }

  /** Reports the calls that are under way or were just broken off, and the last lines of each console. */
  describe(): ExporterActivity {
    const time = now()
    const recent = this.#broken.filter(({ endedAt = 0 }) => time - endedAt < recentMs)
    const calls = [...this.#running, ...recent].map(({ name, startedAt, endedAt = time }) => {
      return { name, ms: Math.round(endedAt - startedAt) }
    })
    const consoles = [...this.#outputs].flatMap(([path, output]) => {
      const lines = linesOf(output)
      return lines === undefined ? [] : { name: path || 'console', lines }
    })
    return { calls, consoles }
  }
}

function keep(output: Output, chunk: Uint8Array): void {
  output.chunks.push(chunk)
  output.bytes += chunk.length
  while (output.bytes - (output.chunks[0]?.length ?? 0) >= keptBytes) output.bytes -= output.chunks.shift()?.length ?? 0
  if (output.chunks.length <= keptPieces) return
  const end = Buffer.concat(output.chunks).subarray(-keptBytes)
  output.chunks = [end]
  output.bytes = end.length
}

/** @returns the last lines; `undefined` if the bytes are no text */
function linesOf({ chunks }: Output): string[] | undefined {
  const bytes = Buffer.concat(chunks).subarray(-keptBytes)
  const text = cleanText(bytes, 'ended').text.replaceAll(/\r*\n/g, '\n')
  const readable = text.replaceAll(/[^\P{Cc}\n\t]|\ufffd/gu, '')
  // A character that is cut at its start, or bytes in between, do not make a console something else.
  if (readable.length < 0.9 * text.length) return undefined
  const lines = readable.split('\n').map((line) => cutText(line, shownLength, ''))
  while (lines.at(-1) === '') lines.pop()
  return lines.length === 0 ? undefined : lines.slice(-shownLines)
}
