import type { SourcePlace, TargetTest } from './test-log.ts'

/** The number of lines that are kept of one reason. */
const maxLines = 20

/** The reason of a failure, whose lines come one by one. */
export class FailureReason {
  /** The place of the failure, if it is known. */
  place: SourcePlace | undefined
  readonly #lines: string[] = []

  constructor(first: string, place?: SourcePlace) {
    this.place = place
    this.add(first)
  }

  /** Adds a line of the message. Empty lines are left out. */
  add(line: string): void {
    if (line.trim() !== '' && this.#lines.length < maxLines) this.#lines.push(line.trim())
  }

  /** The reason, as a part of a result. */
  get result(): Pick<TargetTest, 'message' | 'place'> {
    return { message: this.#lines.length === 0 ? undefined : this.#lines.join('\n'), place: this.place }
  }
}
