import type { ErrorOrigin } from '../../errors.ts'
import { GuardHolds } from './guard-hold.ts'
import { preparePattern, type SearchFactory, showPattern } from './pattern.ts'
import { type Found, maxMatchLength, type Search } from './search.ts'
import type { Transcript } from './transcript.ts'
import { TypedLines } from './typed-lines.ts'
import type { Mark, Pattern } from './types.ts'

/** A pattern that a console prints only when the board has failed. Every wait ends when it appears. */
export interface Guard {
  /** The pattern. With `.*` at its end, the error shows the rest of the line. */
  readonly pattern: Pattern
  /** The party that has to act when it appears (default `firmware`). */
  readonly origin?: ErrorOrigin | undefined
  /** The name of the failure in errors: `kernel panic`. */
  readonly name?: string
}

/**
 * Messages with which the usual systems report that they have failed. From the sources of Linux (kernel/panic.c), U-Boot (lib/hang.c),
 * Zephyr (kernel/fatal.c and sys/__assert.h), and ESP-IDF with its FreeRTOS (panic.c, abort, assert and the hook for
 * overflows of stacks).
 */
export const defaultGuards: readonly Guard[] = [
  { name: 'kernel panic', pattern: /(?<!end )Kernel panic - not syncing.*/ },
  { name: 'U-Boot has stopped', pattern: '### ERROR ### Please RESET the board ###' },
  { name: 'Zephyr fatal error', pattern: />>> ZEPHYR FATAL ERROR.*|ASSERTION FAIL \[.*/ },
  { name: 'FreeRTOS stack overflow', pattern: /\*\*\*ERROR\*\*\* A stack overflow in task .*/ },
  { name: 'ESP-IDF panic', pattern: /Guru Meditation Error: .*|^abort\(\) was called at PC .*|^assert failed: .*/ },
]

/** A match of a guard's pattern. */
export interface GuardHit extends Found {
  readonly guard: Guard
}

/** Searches a transcript for the patterns of guards, for all readers. */
export class Guards {
  /** The lines that were typed. Their echo is no hit. */
  readonly typed = new TypedLines()
  /** The parts of the output in which commands run. */
  readonly holds = new GuardHolds()
  readonly #watched = new Map<Guard, { readonly create: SearchFactory; search: Search }>()
  #hits: GuardHit[] = []

  /**
   * Adds a guard.
   *
   * @param from returns the place where the guard begins; called when the pattern is ready
   * @throws HardwareError ARGUMENT_INVALID for a value that is no pattern
   */
  async add(guard: Guard, from: () => Mark): Promise<void> {
    const create = await preparePattern(guard.pattern)
    this.#watched.set(guard, { create, search: create(from()) })
  }

  /** Removes a guard and forgets its hits. */
  remove(guard: Guard): void {
    this.#watched.delete(guard)
    this.#hits = this.#hits.filter((hit) => hit.guard !== guard)
  }

  /**
   * Searches the output that has come since the last scan.
   *
   * @param ended true if the scan has to decide as if no more output came
   * @returns the new hits, and true in `undecided` if more output could change a match
   */
  scan(transcript: Transcript, ended: boolean): { readonly hits: readonly GuardHit[]; readonly undecided: boolean } {
    const hits: GuardHit[] = []
    let undecided = false
    for (const [guard, watched] of this.#watched) {
      for (;;) {
        const { found, undecidedFrom } = watched.search.scan(transcript, ended)
        undecided ||= found !== undefined && undecidedFrom < Infinity
        if (found === undefined || undecidedFrom < Infinity) break
        const hit = { ...found, guard }
        const { before, text } = lineOf(hit, transcript)
        if (!this.typed.takeEcho(before, text) && !this.holds.keeps(hit, before)) hits.push(hit)
        // The next match is another failure, after a restart.
        watched.search = watched.create(found.end)
      }
    }
    this.count(hits)
    return { hits, undecided }
  }

  /** Adds hits that a hold has kept, and that count. */
  count(hits: readonly GuardHit[]): void {
    this.#hits.push(...hits)
  }

  /** @returns the first hit that begins at or after a place */
  firstAfter({ text }: Mark): GuardHit | undefined {
    const later = this.#hits.filter(({ start }) => start.text >= text)
    return later.toSorted((one, other) => one.start.text - other.start.text)[0]
  }
}

/** Finds the line of a hit: the text before it, and the text from its beginning to the end of the line, as far as it has come. */
function lineOf({ start }: Found, transcript: Transcript): { readonly before: string; readonly text: string } {
  const before = transcript.text(Math.max(0, start.text - maxMatchLength), start.text)
  const [text = ''] = transcript.text(start.text, start.text + maxMatchLength).split(/[\r\n]/, 1)
  return { before: before.slice(before.search(/[^\r\n]*$/)), text }
}

/** Describes a hit for errors: `kernel panic: it printed "…"`. */
export function describeGuardHit({ guard, text }: GuardHit): string {
  return `${guard.name ?? showPattern(guard.pattern)}: it printed ${JSON.stringify(text.trim())}`
}
