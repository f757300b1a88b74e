import { spawn } from 'node:child_process'
import { Duplex } from 'node:stream'
import { createGzip, createZstdCompress } from 'node:zlib'

import { childEnvironment } from '../../base/child-environment.ts'
import { missingProgram } from '../../base/missing-program.ts'
import { HardwareError } from '../../errors.ts'
import type { ContentEncoding } from '../../protocol/resources.ts'

/** Programs of the system, because npm has no maintained compressor for these formats. */
const programs = {
  xz: { program: 'xz', install: 'apt install xz-utils' },
  bz2: { program: 'bzip2', install: 'apt install bzip2' },
} as const

/** Makes a stream that compresses the bytes that are written to it. The output is complete when the stream has ended. */
export function createCompressor(encoding: ContentEncoding): Duplex {
  switch (encoding) {
    case 'gzip':
      return createGzip()
    case 'zstd':
      return createZstdCompress()
    default:
      return compressWithProgram(programs[encoding])
  }
}

function compressWithProgram({ program, install }: { readonly program: string; readonly install: string }): Duplex {
  const child = spawn(program, ['--compress', '--stdout'], {
    env: childEnvironment(),
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const stream = Duplex.from({ writable: child.stdin, readable: child.stdout })
  child.once('error', (cause) => {
    stream.destroy(missingProgram(program, { install, cause }))
  })
  child.once('exit', (code, signal) => {
    if (code !== 0) stream.destroy(new HardwareError('DEVICE_IO', `${program} ended with ${signal ?? `code ${code}`}`))
  })
  stream.once('close', () => child.kill())
  return stream
}
