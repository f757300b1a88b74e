/** The program of the pool's threads. */
import { createHash } from 'node:crypto'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'

import { messageOf } from '../../errors.ts'
import type { ContentTask } from './pool.ts'
import { PortStream } from './port-stream.ts'

export default async function work(task: ContentTask): Promise<string | undefined> {
  const stream = new PortStream(task.port)
  task.port.on('close', () => stream.destroy())
  if (task.kind === 'hash') {
    const hash = createHash(task.algorithm)
    for await (const chunk of stream) hash.update(chunk as Buffer)
    return hash.digest('hex')
  }
  try {
    await pipeline(await decompressed(stream, task.encoding), stream)
  } catch (error) {
    // The errors of unbzip2-stream cannot be sent to another thread.
    throw new Error(explain(error, task.encoding), { cause: error })
  }
  return undefined
}

async function decompressed(raw: Readable, encoding: 'xz' | 'bz2'): Promise<Readable> {
  if (encoding === 'bz2') {
    const { default: createDecompressor } = await import('unbzip2-stream')
    const content = new PassThrough()
    raw
      .pipe(createDecompressor())
      .on('error', (error: Error) => content.destroy(error))
      .pipe(content)
    return content
  }
  const { default: xz } = await import('xz-decompress')
  return Readable.fromWeb(new xz.XzReadableStream(Readable.toWeb(raw)) as ReadableStream<Uint8Array>)
}

/** Explains the decompressors' messages. */
function explain(error: unknown, encoding: 'xz' | 'bz2'): string {
  // unbzip2-stream reads past the end of its input.
  if (encoding === 'bz2') return error instanceof TypeError ? 'unexpected end of file' : messageOf(error)
  // The numbers are those of XZ Embedded (enum xz_ret in xz.h).
  const code = /error code (?<code>\d)/.exec(messageOf(error))?.groups?.['code']
  const known: Readonly<Record<string, string>> = {
    5: 'no xz header',
    6: 'unsupported options',
    7: 'the data are corrupt',
    8: 'unexpected end of file',
  }
  return known[code ?? ''] ?? messageOf(error)
}
