import { once } from 'node:events'
import { createSocket } from 'node:dgram'
import { type AddressInfo, createServer } from 'node:net'
import { execa } from 'execa'

import { ProcessOutput } from '../../support/process-output.ts'

/** Options of {@link startDaemon}. */
interface DaemonOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** The output that says that it serves. */
  readonly ready: RegExp
}

/** Starts a program that serves until the test ends it. It ends with this process, too. */
export async function startDaemon(command: readonly [string, ...string[]], { env, cwd, ready }: DaemonOptions) {
  const [program, ...args] = command
  const child = execa(program, args, {
    ...(env === undefined ? {} : { env }),
    ...(cwd === undefined ? {} : { cwd }),
    reject: false,
    buffer: false,
    stdin: 'ignore',
  })
  const output = new ProcessOutput(child)
  const kill = async () => {
    child.kill('SIGKILL')
    await child
  }
  try {
    await output.prints(ready)
  } catch (error) {
    await kill()
    throw error
  }
  return {
    /** Everything that it has printed. */
    get output() {
      return output.all
    },
    /** Sends a signal: SIGSTOP for a daemon that hangs. */
    signal: (name: NodeJS.Signals) => child.kill(name),
    /** Ends it at once, as a power cut would. May be called again. */
    kill,
    [Symbol.asyncDispose]: kill,
  }
}

/** A port of the loopback interface that nobody uses now. */
export async function freePort(protocol: 'tcp' | 'udp' = 'tcp'): Promise<number> {
  if (protocol === 'udp') {
    const socket = createSocket('udp4').bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const { port } = socket.address()
    socket.close()
    return port
  }
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
