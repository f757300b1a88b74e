/** Counts failures of something that is tried again and again, so that each reason is told once. */
export class RepeatedFailures {
  #reason: string | undefined
  #count = 0

  /** Counts a failure. @returns true if its reason is another one than that of the failure before */
  add(reason: string): boolean {
    const isNew = reason !== this.#reason
    this.#reason = reason
    this.#count++
    return isNew
  }

  /** Ends the series, because a try has succeeded. @returns the number of failures since the last success */
  end(): number {
    const count = this.#count
    this.#count = 0
    this.#reason = undefined
    return count
  }
}
