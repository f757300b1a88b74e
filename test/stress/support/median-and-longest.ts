/** The median and the longest of measured times, in milliseconds. Prints them, too. */
export function medianAndLongest(name: string, times: readonly number[]): { median: number; longest: number } {
  const sorted = times.toSorted((one, other) => one - other)
  const median = sorted[Math.floor(sorted.length / 2)] ?? NaN
  const longest = sorted.at(-1) ?? NaN
  console.log(`${name}: median ${median.toFixed(1)} ms, longest ${longest.toFixed(1)} ms (${times.length} times)`)
  return { median, longest }
}
