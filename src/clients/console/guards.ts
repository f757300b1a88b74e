import { type ErrorOrigin, HardwareError } from '../../errors.ts'
import { preparePattern, type SearchFactory, showPattern } from './pattern.ts'
import type { Found, Search } from './search.ts'
import type { Transcript } from './transcript.ts'
import type { Mark, Pattern } from './types.ts'

/** Something that a console prints only when there is no use in waiting on. */
export interface Guard {
  /** What it prints. What goes on to the end of its line (`.*`) is in the error as a whole. */
  readonly pattern: Pattern
  /** Who has to act when it appears (default `firmware`). */
  readonly origin?: ErrorOrigin
  /** What has happened then, for the error: `kernel panic`. */
  readonly name?: string
}

/**
 * What the usual systems print when they have failed. From the sources of Linux (kernel/panic.c), U-Boot (lib/hang.c),
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

/** Where a guard's pattern has appeared. */
export interface Tripped extends Found {
  readonly guard: Guard
}

/** Watches a transcript for the patterns of guards, for all who read it. */
export class Guards {
  readonly #watched = new Map<Guard, { readonly create: SearchFactory; search: Search }>()
  #tripped: Tripped[] = []

  /**
   * Adds a guard.
   *
   * @param from where what it watches begins, asked when that can be
   * @throws HardwareError ARGUMENT_INVALID for what is no pattern
   */
  async add(guard: Guard, from: () => Mark): Promise<void> {
    const create = await preparePattern(guard.pattern)
    this.#watched.set(guard, { create, search: create(from()) })
  }

  /** Removes a guard; what it has found does not count any more. */
  remove(guard: Guard): void {
    this.#watched.delete(guard)
    this.#tripped = this.#tripped.filter((tripped) => tripped.guard !== guard)
  }

  /**
   * Looks at what has come.
   *
   * @param ended whether what is there counts as all there will be
   * @returns what has appeared since the last look, and whether more output may still decide
   */
  look(transcript: Transcript, ended: boolean): { readonly appeared: readonly Tripped[]; readonly open: boolean } {
    const appeared: Tripped[] = []
    let open = false
    for (const [guard, watched] of this.#watched) {
      for (;;) {
        const sight = watched.search.look(transcript, ended)
        open ||= sight.found !== undefined && sight.open < Infinity
        if (sight.found === undefined || sight.open < Infinity) break
        appeared.push({ ...sight.found, guard })
        // The next one of its kind is another failure, after a restart.
        watched.search = watched.create(sight.found.end)
      }
    }
    this.#tripped.push(...appeared)
    return { appeared, open }
  }

  /** The first that begins at or after a place. */
  firstAfter({ text }: Mark): Tripped | undefined {
    const later = this.#tripped.filter(({ start }) => start.text >= text)
    return later.toSorted((one, other) => one.start.text - other.start.text)[0]
  }
}

/** What has happened, for errors. */
export function describeTripped({ guard, text }: Tripped): string {
  return `${guard.name ?? showPattern(guard.pattern)}: it printed ${JSON.stringify(text.trim())}`
}

/**
 * The error of a wait that a guard has ended.
 *
 * @param message with what {@link describeTripped} says, and what shows how it came to that
 */
export function guardError({ guard }: Tripped, message: string): HardwareError {
  return new HardwareError('GUARD_TRIPPED', message, { origin: guard.origin ?? 'firmware' })
}
