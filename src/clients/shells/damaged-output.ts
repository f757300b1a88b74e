import { knownLength, type Marker } from './marker.ts'

/** The length of the end of a typed line that a narrow terminal shows. */
const shownLength = 20

/** The output of a command whose begin marker was lost: what follows the echo of the typed line. */
export function outputAfter(line: string, printed: string): string {
  const echoed = printed.indexOf(line.slice(-shownLength))
  return echoed < 0 ? printed : printed.slice(echoed).replace(/^[^\n]*\n/, '')
}

/** Removes what is left of a damaged begin marker. Text that cannot be told from the command's output stays. */
export function withoutMarkerAtStart(output: string, { text }: Marker): string {
  if (!output.startsWith(text.slice(0, knownLength))) return output
  let length = knownLength
  while (output[length] === text[length] && length < text.length) length++
  const lineEnd = output.indexOf('\n', length)
  const restOfLine = output.slice(length, lineEnd).trimEnd()
  return output.slice(restOfLine === '' || restOfLine.endsWith(text.slice(-4)) ? lineEnd + 1 : length)
}

/** Removes what is left of a damaged end marker. Text that cannot be told from the command's output stays. */
export function withoutMarkerAtEnd(output: string, { text }: Marker): string {
  const at = output.lastIndexOf(text.slice(0, knownLength))
  // An echo that is still there has the marker between quotes.
  return at < 0 || output[at - 1] === '"' ? output : output.slice(0, at)
}
