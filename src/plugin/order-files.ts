/** What decides when a file that needs hardware starts. */
export interface HardwareFile {
  /** What it needs, as a text: files with different needs probably use different boards. */
  readonly needs: string
  /** How long it held its lease last time, in milliseconds; 0 where it got none, `undefined` where nobody knows. */
  readonly heldMs: number | undefined
}

/** How {@link orderFiles} puts files in order. */
export interface OrderOptions {
  /** How many files with needs start before the first one without. */
  readonly ahead: number
  /** Whether files with needs start longest first; otherwise they keep their order. */
  readonly longestFirst: boolean
}

/**
 * Puts files in the order in which workers shall take them: some that need hardware, then all that need none, in the order
 * they had, then the others that need hardware. No more than `ahead` files wait for hardware while there are others to run.
 *
 * Of those with needs, ones whose time is not known come first, then the longest, because a long file that starts last is
 * one that all wait for. Those with the same needs form a line and the lines take turns, so that the files of one board do
 * not keep another waiting. Files that got nothing come last: they would take the place of one that uses a board.
 *
 * @param hardwareOf what a file needs; `undefined` for one without needs
 */
export function orderFiles<File>(
  files: readonly File[],
  hardwareOf: (file: File) => HardwareFile | undefined,
  { ahead, longestFirst }: OrderOptions,
): File[] {
  const others = files.filter((file) => hardwareOf(file) === undefined)
  const needy = files.flatMap((file) => {
    const hardware = hardwareOf(file)
    return hardware === undefined ? [] : [{ file, ...hardware }]
  })
  const ordered = (longestFirst ? takeTurns(needy) : needy).map(({ file }) => file)
  return [...ordered.slice(0, ahead), ...others, ...ordered.slice(ahead)]
}

function takeTurns<File extends HardwareFile>(files: readonly File[]): File[] {
  const longestFirst = files
    .filter(({ heldMs }) => heldMs !== 0)
    .toSorted((one, other) => (other.heldMs ?? Number.MAX_VALUE) - (one.heldMs ?? Number.MAX_VALUE))
  const lines = [...Map.groupBy(longestFirst, ({ needs }) => needs).values()]
  const turns = Math.max(0, ...lines.map(({ length }) => length))
  return [
    ...Array.from({ length: turns }, (_, turn) => lines.flatMap((line) => line.slice(turn, turn + 1))).flat(),
    ...files.filter(({ heldMs }) => heldMs === 0),
  ]
}
