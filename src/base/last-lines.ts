import { cutText } from './cut-text.ts'

/** The number of lines of output in an error. */
const shownLines = 10
/** The length from which such a line is cut, in characters. */
const shownLength = 300

/** The last lines of a program's output for an error, those without text left out. */
export function lastLines(text: string): readonly string[] {
  return text
    .trimEnd()
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .slice(-shownLines)
    .map((line) => cutText(line, shownLength))
}
