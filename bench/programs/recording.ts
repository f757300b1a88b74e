/**
 * Measures calls and streams over two connections to one exporter in turns, one recorded and one not, and prints the figures as JSON: for
 * each metric the time of the processor for both, slice by slice. What else the machine does has no part in it.
 */
import type { DriverClient } from '../../dist/clients/driver-client.js'
import { connect } from '../../dist/clients/connect.js'
import { withRecorder } from '../../dist/recording/record-step.js'
import { Recorder } from '../../dist/recording/recorder.js'
import { Recording } from '../../dist/recording/recording.js'
import type { RecordingSlices } from '../recording.ts'
import type { BenchPeer } from './peer.ts'
import { down, echo, repeat, type Transfer, up } from './transfers.ts'

const { slices, sliceMs } = JSON.parse(process.argv[2] ?? '') as { readonly slices: number; readonly sliceMs: number }
const address = process.env['JUMPSTARTER_HOST'] ?? ''
const transfers: readonly Transfer[] = [
  { chunkBytes: 64, count: 1_000 },
  { chunkBytes: 1024, count: 1_000 },
  { chunkBytes: 64 * 1024, count: 64 },
]

/** A connection as `needs()` makes it: its steps are kept, and what passes over it only if it is recorded. */
async function connectAsTests(isRecorded: boolean): Promise<BenchPeer> {
  const recorder = new Recorder()
  const recording = isRecorded ? new Recording('dut', recorder.clock) : undefined
  const connection = await connect(address, { role: 'dut', recorder, recording })
  const bench = connection.root.children['bench'] as DriverClient
  let calls = 0
  return {
    call: (method, args) => {
      // As many steps as a test has, and not all of the benchmark.
      if (++calls % 1_000 === 0) recorder.drop('test')
      return withRecorder(recorder, 'test', () => bench.call(method, ...args))
    },
    async *records() {},
    async open(method) {
      const stream = await bench.stream(method)
      return { stream, frame: (chunk) => chunk, bytes: (data) => data as Buffer }
    },
    close: () => connection.close(),
  }
}

const off = await connectAsTests(false)
const on = await connectAsTests(true)
const found: RecordingSlices = {}

/** Runs both in turns; the first turns do not count. */
async function compare(id: string, step: (peer: BenchPeer) => Promise<void>): Promise<void> {
  const values: { off: number[]; on: number[] } = { off: [], on: [] }
  for (let slice = -5; slice < slices; slice++) {
    // Who comes first changes, because the collection of garbage comes late.
    const order = slice % 2 === 0 ? (['off', 'on'] as const) : (['on', 'off'] as const)
    for (const which of order) {
      const before = process.cpuUsage()
      const { times } = await repeat(sliceMs, () => step(which === 'on' ? on : off))
      const { user, system } = process.cpuUsage(before)
      if (slice >= 0) values[which].push((user + system) / times)
    }
  }
  found[id] = values
}

await compare('call', async (peer) => void (await peer.call('echo', ['ping'])))
for (const transfer of transfers) {
  for (const peer of [off, on]) await peer.call('configure_source', [transfer.chunkBytes, transfer.count])
  for (const [name, run] of Object.entries({ up, down, echo })) {
    await compare(`${name}${transfer.chunkBytes}`, (peer) => run(peer, transfer))
  }
}
off.close()
on.close()
process.stdout.write(`${JSON.stringify(found)}\n`)
