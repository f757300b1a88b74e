/** The metrics of one client and one exporter. */
export interface Metric {
  /** Its key in the figures that a client prints, and in results.json. */
  readonly id: string
  readonly name: string
  readonly unit: 'µs' | 'ms' | '/s' | 'MB/s' | 'MiB'
}

/** The sizes of writes, in bytes. */
export const chunkSizes = [64, 1024, 64 * 1024, 1024 * 1024] as const

/** `65536` → `64 KiB` */
function formatSize(bytes: number): string {
  const [size, unit] = bytes < 1024 ? [bytes, 'B'] : bytes < 2 ** 20 ? [bytes / 1024, 'KiB'] : [bytes / 2 ** 20, 'MiB']
  return `${size} ${unit}`
}

/** All of them, in the order of the tables. */
export const metrics: readonly Metric[] = [
  { id: 'callP50', name: 'call, median', unit: 'µs' },
  { id: 'callP99', name: 'call, 99th percentile', unit: 'µs' },
  { id: 'calls1', name: 'calls, one at a time', unit: '/s' },
  { id: 'calls32', name: 'calls, 32 at a time', unit: '/s' },
  { id: 'results', name: 'streamed results', unit: '/s' },
  ...chunkSizes.flatMap((size): Metric[] => [
    { id: `up${size}`, name: `to the driver, ${formatSize(size)} writes`, unit: 'MB/s' },
    { id: `down${size}`, name: `from the driver, ${formatSize(size)} writes`, unit: 'MB/s' },
    { id: `echo${size}`, name: `both ways, ${formatSize(size)} writes`, unit: 'MB/s' },
  ]),
  { id: 'pingPong', name: '64 B to and fro, median', unit: 'µs' },
  { id: 'connect', name: 'connect', unit: 'ms' },
  { id: 'clientMemory', name: 'most memory, client', unit: 'MiB' },
  { id: 'exporterMemory', name: 'most memory, exporter', unit: 'MiB' },
]
