/** The number of typed lines whose echo may still come. */
const keptLines = 32
/** The longest part of a line that is kept, in characters. */
const keptLength = 4_096

/** The lines that were typed on a console. Its echo is no output of the device. */
export class TypedLines {
  /** The last one has no end yet. */
  #lines: readonly string[] = ['']

  /** Adds typed text. */
  add(text: string | Uint8Array): void {
    const typed = typeof text === 'string' ? text : Buffer.from(text).toString()
    const [first = '', ...others] = typed.split(/[\r\n]/)
    const lines = [...this.#lines.slice(0, -1), (this.#lines.at(-1) ?? '') + first, ...others]
    this.#lines = lines.slice(-keptLines).map((line) => line.slice(-keptLength))
  }

  /**
   * Finds out if a text is the echo of a typed line. A line counts once.
   *
   * @param before the text before it on the console's line: a prompt, and the beginning of the typed line
   * @param text the text up to the end of the console's line, or as far as it has come
   */
  takeEcho(before: string, text: string): boolean {
    const index = this.#lines.findIndex((line) => {
      for (let at = line.indexOf(text); at >= 0; at = line.indexOf(text, at + 1)) {
        const start = line.slice(0, at)
        // A line that is wider than the terminal has an end of line inside its echo.
        if (before.endsWith(start) || start.endsWith(before)) return true
      }
      return false
    })
    if (index < 0) return false
    this.#lines = this.#lines.with(index, '')
    return true
  }
}
