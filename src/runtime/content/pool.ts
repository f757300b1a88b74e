import { extname } from 'node:path'
import { type Readable, pipeline as pipe } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { MessageChannel, type MessagePort } from 'node:worker_threads'

import { PortStream } from './port-stream.ts'

/** Work on the bytes of a file that would keep the event loop, and with it every console, from running. */
export type ContentTask =
  | { readonly kind: 'decompress'; readonly encoding: 'xz' | 'bz2'; readonly port: MessagePort }
  | { readonly kind: 'hash'; readonly algorithm: string; readonly port: MessagePort }

/** Without the port, which {@link start} makes. */
type TaskOf<Kind> = Omit<Extract<ContentTask, { kind: Kind }>, 'port'>

/** How long a thread without work is kept, in milliseconds. */
const idleTimeoutMs = 2_000

/**
 * What a thread makes of a file is garbage soon; with little room for it, it is collected soon. Images in bz2's largest
 * blocks, of 900 kB, are decompressed with half of this room too.
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

/** The content of a compressed stream, decompressed in another thread. */
export async function decompressInThread(raw: Readable, encoding: 'xz' | 'bz2'): Promise<Readable> {
  const { stream, result } = await start({ kind: 'decompress', encoding })
  result.catch((error: Error) => stream.destroy(error))
  pipe(raw, stream, (error) => {
    if (error) stream.destroy(error)
  })
  return stream
}

/**
 * The hash of a stream of bytes, worked out in another thread, in hexadecimal digits.
 *
 * @param algorithm as Node's `createHash` takes it: `sha256`
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
