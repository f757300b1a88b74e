import { randomBytes } from 'node:crypto'

/** A word that nothing else prints. It is typed in two halves, so that the echo is not the word. */
export interface Marker {
  readonly text: string
  readonly halves: readonly [string, string]
}

/** The number of characters at which the beginning of a marker is no chance: 16 of its random bits are among them. */
export const knownLength = 6

/** Makes a word of 64 random bits, of letters and digits, which no shell changes. */
export function createMarker(): Marker {
  const halves: Marker['halves'] = [`vh${randomBytes(4).toString('hex')}`, randomBytes(4).toString('hex')]
  return { halves, text: halves.join('') }
}

/**
 * The command of a POSIX shell that prints a marker. The command is `echo`, because busybox's shell loses the text of `printf` when
 * a job in the background ends in the middle of the write: the signal interrupts the write, and `printf` does not repeat it.
 *
 * @param suffix the text after the marker, as it stands between double quotes: `:$?;`
 */
export function printMarker({ halves }: Marker, suffix = ''): string {
  return `echo "${halves.join('""')}${suffix}"`
}
