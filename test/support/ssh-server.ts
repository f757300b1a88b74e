import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import ssh2, { type AuthContext, type Connection, type ServerChannel } from 'ssh2'

/** Options of {@link startSshServer}. */
interface SshServerOptions {
  /** Accepts or rejects a try to log in. */
  readonly authenticate: (login: AuthContext) => void
  /** Serves a command, or the shell with an empty command. */
  readonly serve?: (channel: ServerChannel, command: string) => void
  /** Gets each signal for a program. */
  readonly signalled?: (name: string) => void
}

/** A small SSH host in this process, for logins and behaviours that sshd does not have on a machine of tests. */
export async function startSshServer({ authenticate, serve = () => undefined, signalled }: SshServerOptions) {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  })
  const connections = new Set<Connection>()
  const server = new ssh2.Server({ hostKeys: [privateKey] }, (connection) => {
    connections.add(connection)
    connection.on('error', () => undefined)
    connection.on('authentication', authenticate)
    connection.on('session', (accept) => {
      const session = accept()
      session.on('pty', (ok) => ok?.())
      session.on('signal', (_ok, _refuse, { name }) => signalled?.(name))
      session.on('exec', (ok, _refuse, { command }) => serve(ok(), command))
      session.on('shell', (ok) => serve(ok(), ''))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    address: { host: '127.0.0.1', port },
    /** Breaks all connections. */
    hangUp() {
      for (const connection of connections) connection.end()
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const connection of connections) connection.end()
      await closed
    },
  }
}
