import { extname } from 'node:path'
import { type Readable, pipeline as pipe } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { MessageChannel, type MessagePort } from 'node:worker_threads'

import { PortStream } from './port-stream.ts'

/** Work on the bytes of a file that would block the event loop, and every console with it. */
export type ContentTask =
  | { readonly kind: 'decompress'; readonly encoding: 'xz' | 'bz2'; readonly port: MessagePort }
  | { readonly kind: 'hash'; readonly algorithm: string; readonly port: MessagePort }

/** A task without its port, which {@link start} makes. */
type TaskOf<Kind> = Omit<Extract<ContentTask, { kind: Kind }>, 'port'>

/** The time for which a thread without work is kept, in milliseconds. */
const idleTimeoutMs = 2_000

/**
 * The memory of a thread. The data of a file become garbage soon, and with little memory they are collected soon. Half of this
 * memory is enough for bz2's largest blocks, of 900 kB.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 }

let pool: Promise<{ run(task: ContentTask, options: { transferList: MessagePort[] }): Promise<unknown> }> | undefined

async function createPool() {
  const { Tinypool } = await import('tinypool')
  const filename = fileURLToPath(new URL(`./worker${extname(import.meta.url)}`, import.meta.url))
  return new Tinypool({ filename, minThreads: 0, idleTimeout: idleTimeoutMs, execArgv: [], env: {}, resourceLimits })
}

async function start(task: TaskOf<'decompress'> | TaskOf<'hash'>) {
  pool ??= createPool()
  const { port1, port2 } = new MessageChannel()
  const result = (await pool).run({ ...task, port: port2 }, { transferList: [port2] })
  result.catch(() => undefined)
  return { stream: new PortStream(port1), result }
}

/** Decompresses a stream in another thread. */
export async function decompressInThread(raw: Readable, encoding: 'xz' | 'bz2'): Promise<Readable> {
  const { stream, result } = await start({ kind: 'decompress', encoding })
  result.catch((error: Error) => stream.destroy(error))
  pipe(raw, stream, (error) => {
    if (error) stream.destroy(error)
  })
  return stream
}

/**
 * Computes the hash of a stream of bytes in another thread.
 *
 * @param algorithm the name for Node's `createHash`: `sha256`
 * @returns hexadecimal digits
 */
export async function hashInThread(bytes: AsyncIterable<Uint8Array>, algorithm: string): Promise<string> {
  const { stream, result } = await start({ kind: 'hash', algorithm })
  try {
    await pipeline(bytes, stream, { end: true })
    return String(await result)
  } finally {
    stream.destroy()
  }
}
