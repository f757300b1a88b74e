import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Duplex } from 'node:stream'

import { Console } from '../../src/clients/index.ts'

/**
 * A program on a pseudo terminal, which socat makes, as on a serial console: what is typed is printed back, Ctrl-C
 * interrupts, and lines end with `\r\n`.
 *
 * @param command what socat starts; it splits it at spaces
 */
export function startOnPty(command: string) {
  const socat: ChildProcess = spawn('socat', ['STDIO', `EXEC:${command},pty,setsid,ctty,stderr,sane`], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { PATH: process.env['PATH'], HOME: '/nowhere', TERM: 'dumb', PS1: '$ ', ENV: '' },
  })
  const line = Duplex.from({ readable: socat.stdout as Duplex, writable: socat.stdin as Duplex })
  line.on('error', () => undefined)
  const console = new Console(command, async () => line)
  return {
    console,
    async [Symbol.asyncDispose]() {
      const ended = once(socat, 'exit')
      socat.kill('SIGKILL')
      if (socat.exitCode === null && socat.signalCode === null) await ended
      line.destroy()
    },
  }
}
