import { execa } from 'execa'
import { randomBytes } from 'node:crypto'

import { LineSplitter } from '../../src/base/lines.ts'
import { freePort } from './free-port.ts'

/** The size of the buffer of the process. */
const length = 64 * 1024

/** Prints the place of a buffer, and answers lines: `read`, `fill HEX`, `end`. */
const program = `
import ctypes, sys
buffer = ctypes.create_string_buffer(${length})
print(ctypes.addressof(buffer), flush=True)
for line in sys.stdin:
    word, *rest = line.split()
    if word == 'end': sys.exit(7)
    if word == 'fill': buffer.raw = bytes.fromhex(rest[0])
    print(buffer.raw.hex(), flush=True)
`

/** Starts a process under gdbserver, which listens for one debugger, and whose buffer the process and the debugger can use. */
export async function startGdbserver() {
  const port = await freePort()
  // A script in its place would stop at the start of the real one.
  const { stdout: python } = await execa('python3', ['-c', 'import sys; print(sys.executable)'])
  const child = execa('gdbserver', ['--once', `127.0.0.1:${port}`, python, '-c', program], {
    reject: false,
    buffer: false,
  })
  const lines: string[] = []
  const waiting: ((line: string) => void)[] = []
  const splitter = new LineSplitter({ maxLength: 4 * length })
  child.stdout.on('data', (piece: Buffer) => {
    for (const line of splitter.push(piece)) {
      const take = waiting.shift()
      if (take === undefined) lines.push(line)
      else take(line)
    }
  })
  const next = () => {
    const line = lines.shift()
    return line === undefined ? new Promise<string>((resolve) => waiting.push(resolve)) : Promise.resolve(line)
  }
  let listening = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (piece: Buffer) => {
      listening += piece.toString()
      if (listening.includes('Listening on port')) resolve()
    })
    void child.then(() => reject(new Error(`gdbserver has ended: ${listening}`)))
  })
  return {
    port,
    async buffer() {
      // A line of gdbserver may stand before it.
      for (;;) {
        const line = await next()
        if (/^\d+$/.test(line)) return { address: BigInt(line), length }
      }
    },
    /** The content of the buffer, as the process sees it. */
    async read() {
      child.stdin.write('read\n')
      return Buffer.from(await next(), 'hex')
    },
    /** Lets the process write random bytes. */
    async fill() {
      child.stdin.write(`fill ${randomBytes(length).toString('hex')}\n`)
      return Buffer.from(await next(), 'hex')
    },
    /** Ends the process with exit code 7. */
    end() {
      child.stdin.write('end\n')
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await child
    },
  }
}
