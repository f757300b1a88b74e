import { stripVTControlCharacters } from 'node:util'

import type { ExporterActivity } from '../protocol/activity.ts'
import type { Driver } from './driver.ts'
import { driverPaths } from './tree.ts'

/** How long calls that were broken off are still told, in milliseconds: a client's connections end one after another. */
const recentMs = 2_000
/** How much of what a byte stream has carried is kept, in bytes. */
const keptBytes = 4_096
/** In how many pieces; a small one may be a view of a large buffer, which it keeps. */
const keptPieces = 64
const shownLines = 10
const shownLength = 200

interface Call {
  readonly driver: Driver
  readonly method: string
  readonly began: number
  ended: number | undefined
}

interface Output {
  chunks: Uint8Array[]
  bytes: number
  /** The stream that it is of; others of the driver may carry the same. */
  source: OutputSource | undefined
}

/** A byte stream that brings what a device sends. */
export interface OutputSource {
  /** It has brought something. */
  sent(chunk: Uint8Array): void
  /** It has ended; what it has brought is still told. */
  end(): void
}

/** What the clients of a session do, for when they die and cannot say themselves. */
export class Activity {
  readonly #root: Driver
  readonly #running = new Set<Call>()
  readonly #broken: Call[] = []
  readonly #outputs = new Map<Driver, Output>()

  constructor(root: Driver) {
    this.#root = root
  }

  /** A call begins. @returns what notes its end, with whether its client has gone or cancelled it */
  begin(driver: Driver, method: string): (isBroken: boolean) => void {
    const call: Call = { driver, method, began: performance.now(), ended: undefined }
    this.#running.add(call)
    return (isBroken) => {
      this.#running.delete(call)
      if (!isBroken) return
      call.ended = performance.now()
      this.#broken.push(call)
      if (this.#broken.length > 20) this.#broken.shift()
    }
  }

  /** A byte stream of a driver is open. Where several are at once, only one of them is told, until it ends. */
  follow(driver: Driver): OutputSource {
    const source: OutputSource = {
      sent: (chunk) => {
        const output = this.#outputs.get(driver) ?? { chunks: [], bytes: 0, source }
        this.#outputs.set(driver, output)
        output.source ??= source
        if (output.source === source) keep(output, chunk)
      },
      end: () => {
        const output = this.#outputs.get(driver)
        if (output?.source === source) output.source = undefined
      },
    }
    return source
  }

  /** What is under way, or was broken off just now, and the last lines of each console. */
  describe(): ExporterActivity {
    const paths = driverPaths(this.#root)
    const now = performance.now()
    const recent = this.#broken.filter(({ ended = 0 }) => now - ended < recentMs)
    const calls = [...this.#running, ...recent].map(({ driver, method, began, ended = now }) => {
      const name = [paths.get(driver), method].filter(Boolean).join('.')
      return { name, ms: Math.round(ended - began) }
    })
    const consoles = [...this.#outputs].flatMap(([driver, output]) => {
      const lines = linesOf(output)
      return lines === undefined ? [] : { name: paths.get(driver) || 'console', lines }
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

/** @returns nothing where it is not text */
function linesOf({ chunks }: Output): string[] | undefined {
  const bytes = Buffer.concat(chunks).subarray(-keptBytes)
  const text = stripVTControlCharacters(bytes.toString('utf8')).replaceAll(/\r*\n/g, '\n')
  const readable = text.replaceAll(/[^\P{Cc}\n\t]|\ufffd/gu, '')
  // What is cut at the start of a character, or sent in between, is no reason to take a console for something else.
  if (readable.length < 0.9 * text.length) return undefined
  const lines = readable.split('\n').map((line) => line.slice(0, shownLength))
  while (lines.at(-1) === '') lines.pop()
  return lines.length === 0 ? undefined : lines.slice(-shownLines)
}
