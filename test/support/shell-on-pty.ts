import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Duplex, type Transform } from 'node:stream'

import { Console } from '../../src/clients/index.ts'

/** Options of {@link startOnPty}. */
interface PtyOptions {
  readonly cwd?: string
  /** The environment (default nearly empty). */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Changes what the program prints on its way to the console. */
  readonly damage?: Transform
}

/**
 * Starts a program on a pseudo terminal, made by socat, as on a serial console: it echoes typed text, Ctrl-C interrupts, and lines
 * end with `\r\n`.
 *
 * @param command the program; socat splits it at spaces
 */
export function startOnPty(command: string, { cwd, env, damage }: PtyOptions = {}) {
  const socat: ChildProcess = spawn('socat', ['STDIO', `EXEC:${command},pty,setsid,ctty,stderr,sane`], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: env ?? { PATH: process.env['PATH'], HOME: '/nowhere', TERM: 'dumb', PS1: '$ ', ENV: '' },
    ...(cwd === undefined ? {} : { cwd }),
  })
  const output = socat.stdout as Duplex
  const readable = damage === undefined ? output : output.pipe(damage)
  const line = Duplex.from({ readable, writable: socat.stdin as Duplex })
  line.on('error', () => undefined)
  const console = new Console(command, async () => line)
  return {
    console,
    /** Closes the terminal, as a closed window or a broken connection does. */
    hangUp: () => socat.kill('SIGKILL'),
    async [Symbol.asyncDispose]() {
      const ended = once(socat, 'exit')
      socat.kill('SIGKILL')
      if (socat.exitCode === null && socat.signalCode === null) await ended
      line.destroy()
    },
  }
}
