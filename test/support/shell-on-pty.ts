import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Duplex } from 'node:stream'

import { Console } from '../../src/clients/index.ts'

/** What {@link startOnPty} takes besides the command. */
interface PtyOptions {
  readonly cwd?: string
  /** Instead of an environment that is as good as empty. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/**
 * A program on a pseudo terminal, which socat makes, as on a serial console: what is typed is printed back, Ctrl-C
 * interrupts, and lines end with `\r\n`.
 *
 * @param command what socat starts; it splits it at spaces
 */
export function startOnPty(command: string, { cwd, env }: PtyOptions = {}) {
  const socat: ChildProcess = spawn('socat', ['STDIO', `EXEC:${command},pty,setsid,ctty,stderr,sane`], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: env ?? { PATH: process.env['PATH'], HOME: '/nowhere', TERM: 'dumb', PS1: '$ ', ENV: '' },
    ...(cwd === undefined ? {} : { cwd }),
  })
  const line = Duplex.from({ readable: socat.stdout as Duplex, writable: socat.stdin as Duplex })
  line.on('error', () => undefined)
  const console = new Console(command, async () => line)
  return {
    console,
    /** Closes the terminal, as when its window is closed or its connection breaks. */
    hangUp: () => socat.kill('SIGKILL'),
    async [Symbol.asyncDispose]() {
      const ended = once(socat, 'exit')
      socat.kill('SIGKILL')
      if (socat.exitCode === null && socat.signalCode === null) await ended
      line.destroy()
    },
  }
}
