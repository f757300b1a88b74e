/** The number of typed lines whose echo may still come. */
const keptLines = 32
/**
 * The number of times that a line is echoed: by the terminal, if it is typed while the shell does not read yet, and then by the
 * line editor of the shell.
 */
const echoes = 2
/** The longest part of a line that is kept, in characters. */
const keptLength = 4_096

/** The lines that were typed on a console. Its echo is no output of the device. */
export class TypedLines {
  /** The last one has no end yet. */
  #lines: readonly TypedLine[] = [typedLine('')]

  /** Adds typed text. */
  add(text: string | Uint8Array): void {
    const typed = typeof text === 'string' ? text : Buffer.from(text).toString()
    const [first = '', ...others] = typed.split(/[\r\n]/)
    const open = this.#lines.at(-1)
    const lines = [...this.#lines.slice(0, -1), typedLine(`${open?.text ?? ''}${first}`), ...others.map(typedLine)]
    this.#lines = lines.slice(-keptLines)
  }

  /**
   * Finds out if a text is the echo of a typed line. A line counts twice.
   *
   * @param before the text before it on the console's line: a prompt, and the beginning of the typed line
   * @param text the text up to the end of the console's line, or as far as it has come
   */
  takeEcho(before: string, text: string): boolean {
    const echoed = this.#lines.find((line) => line.echoes > 0 && hasEcho(line.text, before, text))
    if (echoed === undefined) return false
    echoed.echoes--
    return true
  }
}

interface TypedLine {
  readonly text: string
  /** The number of echoes that may still come. */
  echoes: number
}

function typedLine(text: string): TypedLine {
  return { text: text.slice(-keptLength), echoes }
}

function hasEcho(line: string, before: string, text: string): boolean {
  for (let at = line.indexOf(text); at >= 0; at = line.indexOf(text, at + 1)) {
    const start = line.slice(0, at)
    // A line that is wider than the terminal has an end of line inside its echo.
    if (before.endsWith(start) || start.endsWith(before)) return true
  }
  return false
}
