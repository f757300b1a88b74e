import { spawn } from 'node:child_process'
import { Duplex } from 'node:stream'
import { createGzip, createZstdCompress } from 'node:zlib'

import { HardwareError } from '../../errors.ts'
import type { ContentEncoding } from '../../protocol/resources.ts'

/** Commands of the system, because there is no maintained compressor for these on npm. */
const commands = { xz: 'xz', bz2: 'bzip2' } as const

/** Compresses what is written to it. What is read is complete only when it has ended. */
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
  const child = spawn(command, ['--compress', '--stdout'], { stdio: ['pipe', 'pipe', 'ignore'] })
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
