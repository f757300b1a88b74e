import { spawn } from 'node:child_process'
import { Duplex } from 'node:stream'
import { createGzip, createZstdCompress } from 'node:zlib'

import { childEnvironment } from '../../base/child-environment.ts'
import { HardwareError } from '../../errors.ts'
import type { ContentEncoding } from '../../protocol/resources.ts'

/** Commands of the system, because npm has no maintained compressor for these formats. */
const commands = { xz: 'xz', bz2: 'bzip2' } as const

/** Makes a stream that compresses the bytes that are written to it. The output is complete when the stream has ended. */
export function createCompressor(encoding: ContentEncoding): Duplex {
  switch (encoding) {
    case 'gzip':
      return createGzip()
    case 'zstd':
      return createZstdCompress()
    default:
      return compressWithCommand(commands[encoding])
  }
}

function compressWithCommand(command: string): Duplex {
  const child = spawn(command, ['--compress', '--stdout'], {
    env: childEnvironment(),
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const stream = Duplex.from({ writable: child.stdin, readable: child.stdout })
  child.once('error', (cause) => {
    const message = `Cannot compress as ${command}: the exporter's machine has no command '${command}' (${cause.message})`
    stream.destroy(new HardwareError('NOT_IMPLEMENTED', message, { cause }))
  })
  child.once('exit', (code, signal) => {
    if (code !== 0) stream.destroy(new HardwareError('DEVICE_IO', `${command} ended with ${signal ?? `code ${code}`}`))
  })
  stream.once('close', () => child.kill())
  return stream
}
