/** Measures an exporter through a client, whichever it is; bench_client.py does the same with Python's. */
import type { Plan } from '../plan.ts'
import { quantile } from '../statistics.ts'
import { peakMemory } from './memory.ts'
import type { BenchPeer, ConnectPeer } from './peer.ts'
import { down, echo, pingPong, repeat, up } from './transfers.ts'

type Figures = Record<string, number>

/** Runs the plan of the command line against the exporter of the environment, and prints the figures as JSON. */
export async function measureExporter(connect: ConnectPeer): Promise<void> {
  const plan = JSON.parse(process.argv[2] ?? '') as Plan
  const address = process.env['JUMPSTARTER_HOST'] ?? ''
  const peer = await connect(address)
  const figures: Figures = {}
  await measureCalls(peer, plan, figures)
  await measureConcurrentCalls(peer, plan, figures)
  await measureResults(peer, plan, figures)
  await measureTransfers(peer, plan, figures)
  figures['pingPong'] = quantile(await pingPong(peer, plan), 0.5) * 1000
  peer.close()
  figures['connect'] = await measureConnect(connect, address, plan.connects)
  figures['clientMemory'] = peakMemory('self')
  process.stdout.write(`${JSON.stringify(figures)}\n`)
}

async function call(peer: BenchPeer): Promise<void> {
  if ((await peer.call('echo', ['ping'])) !== 'ping') throw new Error('echo answered something else')
}

async function measureCalls(peer: BenchPeer, plan: Plan, figures: Figures): Promise<void> {
  let latencies: number[] = []
  const one = async () => {
    const start = performance.now()
    await call(peer)
    latencies.push(performance.now() - start)
  }
  await repeat(plan.firstWarmUpMs, one)
  latencies = []
  const { times, elapsedMs } = await repeat(plan.callMs, one)
  figures['callP50'] = quantile(latencies, 0.5) * 1000
  figures['callP99'] = quantile(latencies, 0.99) * 1000
  figures['calls1'] = (times / elapsedMs) * 1000
}

async function measureConcurrentCalls(peer: BenchPeer, plan: Plan, figures: Figures): Promise<void> {
  const perSecond = async (ms: number) => {
    const start = performance.now()
    const workers = Array.from({ length: 32 }, () => repeat(ms, () => call(peer)))
    const times = (await Promise.all(workers)).reduce((sum, worker) => sum + worker.times, 0)
    return (times / (performance.now() - start)) * 1000
  }
  await perSecond(plan.warmUpMs)
  figures['calls32'] = await perSecond(plan.callMs)
}

async function measureResults(peer: BenchPeer, plan: Plan, figures: Figures): Promise<void> {
  const batch = async () => {
    let expected = 0
    for await (const index of peer.records(plan.recordCount)) {
      if (index !== expected++) throw new Error(`record ${index} came instead of ${expected - 1}`)
    }
    if (expected !== plan.recordCount) throw new Error(`${expected} records instead of ${plan.recordCount}`)
  }
  await repeat(plan.warmUpMs, batch)
  const { times, elapsedMs } = await repeat(plan.resultsMs, batch)
  figures['results'] = ((times * plan.recordCount) / elapsedMs) * 1000
}

async function measureTransfers(peer: BenchPeer, plan: Plan, figures: Figures): Promise<void> {
  const [smallest] = plan.transfers
  if (smallest !== undefined) await repeat(plan.firstWarmUpMs, () => echo(peer, smallest))
  for (const transfer of plan.transfers) {
    await peer.call('configure_source', [transfer.chunkBytes, transfer.count])
    for (const [name, run] of Object.entries({ up, down, echo })) {
      await repeat(plan.warmUpMs, () => run(peer, transfer))
      const { times, elapsedMs } = await repeat(plan.streamMs, () => run(peer, transfer))
      const bytes = times * transfer.chunkBytes * transfer.count
      figures[`${name}${transfer.chunkBytes}`] = bytes / elapsedMs / 1000
    }
  }
}

async function measureConnect(connect: ConnectPeer, address: string, times: number): Promise<number> {
  const durations: number[] = []
  for (let count = 0; count <= times; count++) {
    const start = performance.now()
    const peer = await connect(address)
    durations.push(performance.now() - start)
    peer.close()
  }
  return quantile(durations.slice(1), 0.5)
}
