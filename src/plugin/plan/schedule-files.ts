/** The facts that decide when a file that needs hardware starts. */
export interface HardwareFile {
  /** The needs of the file as a text. Files with different needs probably use different boards. */
  readonly needs: string
  /** The time that the file held its lease last time, in milliseconds; 0 if it got none, `undefined` if it is unknown. */
  readonly heldMs: number | undefined
}

/** Options of {@link scheduleFiles}. */
export interface ScheduleOptions {
  /** The number of files with needs that start before the first file without needs. */
  readonly filesBefore: number
  /** True to start files with needs longest first; otherwise they keep their order. */
  readonly longestFirst: boolean
}

/**
 * Puts files in the order in which workers take them: some files that need hardware, then all files that need none in their old
 * order, then the other files that need hardware. While there are files without needs, at most `filesBefore` files wait for
 * hardware.
 *
 * Of the files with needs, those with an unknown time come first, then the longest, because the run ends later if a long file
 * starts last. Files of different needs alternate, so that the files of one board do not keep another board waiting. Files that
 * got no lease last time come last: they would take the place of a file that uses a board.
 *
 * @param hardwareOf returns the needs of a file; `undefined` for a file without needs
 */
export function scheduleFiles<File>(
  files: readonly File[],
  hardwareOf: (file: File) => HardwareFile | undefined,
  { filesBefore, longestFirst }: ScheduleOptions,
): File[] {
  const others = files.filter((file) => hardwareOf(file) === undefined)
  const withNeeds = files.flatMap((file) => {
    const hardware = hardwareOf(file)
    return hardware === undefined ? [] : [{ file, ...hardware }]
  })
  const ordered = (longestFirst ? interleaveByNeeds(withNeeds) : withNeeds).map(({ file }) => file)
  return [...ordered.slice(0, filesBefore), ...others, ...ordered.slice(filesBefore)]
}

function interleaveByNeeds<File extends HardwareFile>(files: readonly File[]): File[] {
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
