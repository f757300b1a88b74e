import { connect } from 'vitest-hardware'

import { measureExporter } from './measure.ts'
import type { BenchPeer } from './peer.ts'
import type { BenchRecord } from './our-driver.ts'

/** Our client, as users have it. */
export async function connectOurs(address: string): Promise<BenchPeer> {
  const connection = await connect(address)
  const bench = connection.root.children['bench']
  if (bench === undefined) throw new Error('the exporter has no driver of the benchmark')
  return {
    call: (method, args) => bench.call(method, ...args),
    async *records(count) {
      for await (const record of bench.streamingCall('records', count)) yield (record as BenchRecord).index
    },
    async open(method) {
      const stream = await bench.stream(method)
      return { stream, frame: (chunk) => chunk, bytes: (data) => data as Buffer }
    },
    close: () => connection.close(),
  }
}

if (import.meta.main) await measureExporter(connectOurs)
