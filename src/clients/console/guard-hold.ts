import type { GuardHit } from './guards.ts'
import type { IsSystemLine, Mark } from './types.ts'

/** A part of the output in which the words of a guard prove nothing: a command types and prints them too. */
export interface GuardHold {
  readonly from: Mark
  /** `undefined` for a command whose output no guard watches. */
  readonly isSystemLine: IsSystemLine | undefined
  /** Infinity as long as it is open. */
  to: number
  /** The hits so far that prove nothing. */
  hits: readonly GuardHit[]
}

/** The number of holds that are kept. A match that is decided late, by the end of its line, belongs to one of the last. */
const keptHolds = 4

/** The parts of a console's output in which commands run. */
export class GuardHolds {
  #holds: GuardHold[] = []

  /** Begins a part. */
  open(from: Mark, isSystemLine: IsSystemLine | undefined): GuardHold {
    const hold: GuardHold = { from, isSystemLine, to: Infinity, hits: [] }
    this.#holds = [...this.#holds.slice(1 - keptHolds), hold]
    return hold
  }

  /** @returns true for a hit that does not count, or does not count yet */
  keeps(hit: GuardHit, lineStart: string): boolean {
    const hold = this.#holds.find(({ from, to }) => hit.start.text >= from.text && hit.start.text < to)
    if (hold === undefined || hold.isSystemLine?.(lineStart) === true) return false
    if (hold.to === Infinity) hold.hits = [...hold.hits, hit]
    return true
  }

  /** Ends a part at a place, because its command has ended. @returns the hits after that place, which count */
  end(hold: GuardHold, at: Mark): readonly GuardHit[] {
    hold.to = at.text
    return hold.hits.filter(({ start }) => start.text >= at.text)
  }

  /** Ends a part whose command did not end. @returns its hits, which all count, unless no guard watches the command */
  break(hold: GuardHold): readonly GuardHit[] {
    this.#holds = this.#holds.filter((other) => other !== hold)
    return hold.isSystemLine === undefined ? [] : hold.hits
  }
}
