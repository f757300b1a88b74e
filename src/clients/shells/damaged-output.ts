import { knownLength, type Marker } from './marker.ts'

/** The length of the end of a typed line that a narrow terminal shows. */
const shownLength = 20

/** The output of a command whose begin marker was lost: what follows the echo of the typed line. */
export function outputAfter(line: string, printed: string): string {
  const echoed = printed.indexOf(line.slice(-shownLength))
  return echoed < 0 ? printed : printed.slice(echoed).replace(/^[^\n]*\n/, '')
}

/**
 * Removes the line of a damaged begin marker. A marker whose end of line was lost stays: the output begins on the same line, and
 * its first characters may be those with which the marker went on.
 */
export function withoutMarkerAtStart(output: string, { text }: Marker): string {
  const [line = ''] = output.split(/\r*\n/, 1)
  const isRest = line.startsWith(text.slice(0, knownLength)) && (text.startsWith(line) || line.endsWith(text.slice(-4)))
  return isRest ? output.slice(output.indexOf('\n') + 1) : output
}

/** Removes what is left of a damaged end marker. Text that cannot be told from the command's output stays. */
export function withoutMarkerAtEnd(output: string, { text }: Marker): string {
  const at = output.lastIndexOf(text.slice(0, knownLength))
  // An echo that is still there has the marker between quotes.
  return at < 0 || output[at - 1] === '"' ? output : output.slice(0, at)
}
