/** Streams much through an exporter in one direction: `streamer.ts ours down 10`, in GiB. */
import type { ConnectPeer } from './peer.ts'
import { down, up } from './transfers.ts'

const clients: Readonly<Record<string, () => Promise<ConnectPeer>>> = {
  ours: async () => (await import('./our-client.ts')).connectOurs,
  'grpc-js': async () => (await import('./raw-client.ts')).connectRaw,
}

const [side = '', direction, gibibytes] = process.argv.slice(2)
const connect = await clients[side]?.()
if (connect === undefined) throw new TypeError(`no client '${side}'`)

const peer = await connect(process.env['JUMPSTARTER_HOST'] ?? '')
const chunkBytes = 64 * 1024
const transfer = { chunkBytes, count: Math.ceil((Number(gibibytes) * 2 ** 30) / chunkBytes) }
await peer.call('configure_source', [transfer.chunkBytes, transfer.count])
const start = performance.now()
await (direction === 'up' ? up : down)(peer, transfer)
const perSecond = (transfer.chunkBytes * transfer.count) / (performance.now() - start) / 1000
console.log(`${direction} ${gibibytes} GiB at ${perSecond.toFixed(0)} MB/s`)
peer.close()
