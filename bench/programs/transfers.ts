import { once } from 'node:events'

import type { Plan } from '../plan.ts'
import type { BenchPeer, BenchStream } from './peer.ts'

/** So many writes of so many bytes. */
export type Transfer = Plan['transfers'][number]

/** Runs a step at least once, and until the time is over. */
export async function repeat(ms: number, step: () => Promise<void>): Promise<{ times: number; elapsedMs: number }> {
  const start = performance.now()
  for (let times = 1; ; times++) {
    await step()
    const elapsedMs = performance.now() - start
    if (elapsedMs >= ms) return { times, elapsedMs }
  }
}

/** Writes to a driver that counts what it gets, until it has answered. */
export async function up(peer: BenchPeer, transfer: Transfer): Promise<void> {
  const opened = await peer.open('sink')
  let answer = ''
  opened.stream.on('data', (data: unknown) => (answer += Buffer.from(opened.bytes(data)).toString()))
  const ended = once(opened.stream, 'end')
  await writeAll(opened, transfer)
  opened.stream.end()
  await ended
  requireBytes(Number(answer), transfer)
}

/** Reads what a driver sends. */
export async function down(peer: BenchPeer, transfer: Transfer): Promise<void> {
  const opened = await peer.open('source')
  const received = countBytes(opened, Infinity)
  opened.stream.end()
  requireBytes(await received, transfer)
}

/** Writes to a driver that sends everything back, and reads that at the same time. */
export async function echo(peer: BenchPeer, transfer: Transfer): Promise<void> {
  const opened = await peer.open('loopback')
  const received = countBytes(opened, transfer.chunkBytes * transfer.count)
  await writeAll(opened, transfer)
  requireBytes(await received, transfer)
  const ended = once(opened.stream, 'end')
  opened.stream.end()
  await ended
}

/** Sends 64 bytes to and fro. @returns how long each round trip took, in milliseconds */
export async function pingPong(peer: BenchPeer, plan: Plan): Promise<number[]> {
  const { stream, frame, bytes } = await peer.open('loopback')
  const chunk = Buffer.alloc(64)
  let latencies: number[] = []
  let arrived: (data: unknown) => void = () => undefined
  stream.on('data', (data: unknown) => arrived(data))
  const one = async () => {
    const start = performance.now()
    const answer = new Promise((resolve) => (arrived = resolve))
    stream.write(frame(chunk))
    if (bytes(await answer).length !== chunk.length) throw new Error('another chunk came back')
    latencies.push(performance.now() - start)
  }
  await repeat(plan.warmUpMs, one)
  latencies = []
  await repeat(plan.pingPongMs, one)
  stream.end()
  return latencies
}

async function writeAll({ stream, frame }: BenchStream, { chunkBytes, count }: Transfer): Promise<void> {
  const chunk = Buffer.alloc(chunkBytes)
  for (let index = 0; index < count; index++) {
    if (!stream.write(frame(chunk))) await once(stream, 'drain')
  }
}

/** Reads until the stream ends, or has sent enough. */
function countBytes({ stream, bytes }: BenchStream, enough: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let received = 0
    stream.on('data', (data: unknown) => {
      received += bytes(data).length
      if (received >= enough) resolve(received)
    })
    stream.once('end', () => resolve(received))
    stream.once('error', reject)
  })
}

function requireBytes(received: number, { chunkBytes, count }: Transfer): void {
  if (received !== chunkBytes * count) throw new Error(`${received} bytes arrived instead of ${chunkBytes * count}`)
}
