import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { execa } from 'execa'
import fc from 'fast-check'
import type { ServerChannel } from 'ssh2'
import { describe, expect, test } from 'vitest'

import { SshClient } from '../../src/clients/drivers/ssh-client.ts'
import { commandText } from '../../src/clients/ssh/ssh-command.ts'
import { EchoNetwork, SSHWrapper, type SSHWrapperConfig, TcpNetwork } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { startSshServer } from '../support/ssh-server.ts'

const open = (address: { host: string; port: number }, config: SSHWrapperConfig = { default_username: 'root' }) =>
  serve(new SSHWrapper(config, { tcp: new TcpNetwork(address) }), { client: SshClient })

const answer = (channel: ServerChannel, command: string) => {
  channel.write(`${command} is done`)
  channel.exit(0)
  channel.end()
}

describe('a login', () => {
  test('has the password of the driver, or of the test', async () => {
    await using host = await startSshServer({
      authenticate: (login) => {
        if (login.method === 'password' && login.password === 'hunter2') login.accept()
        else login.reject(['password'])
      },
      serve: answer,
    })
    await using ssh = await open(host.address, { default_username: 'root', password: 'hunter2' })
    expect(await ssh.execOrThrow('it')).toBe('it is done')
    await using other = await open(host.address)
    expect(await other.as({ password: 'hunter2' }).execOrThrow('it')).toBe('it is done')
    await expect(other.as({ password: 'hunter3' }).exec('it')).rejects.toMatchObject({
      ...{ code: 'UNAUTHENTICATED', origin: 'lab' },
      message: 'ssh refuses the user root with a password',
    })
    await expect(other.exec('it')).rejects.toThrow(
      'ssh refuses the user root with neither a private key nor a password',
    )
  })

  test('answers a host that asks for the password in its own words', async () => {
    await using host = await startSshServer({
      authenticate: (login) => {
        if (login.method !== 'keyboard-interactive') login.reject(['keyboard-interactive'])
        else {
          login.prompt([{ prompt: 'Your password, please: ', echo: false }], ([word]) => {
            if (word === 'hunter2') login.accept()
            else login.reject()
          })
        }
      },
      serve: answer,
    })
    await using ssh = await open(host.address)
    expect(await ssh.as({ password: 'hunter2' }).execOrThrow('it')).toBe('it is done')
  })

  test('needs nothing where the host lets everybody in', async () => {
    await using host = await startSshServer({ authenticate: (login) => login.accept(), serve: answer })
    await using ssh = await open(host.address)
    expect(await ssh.execOrThrow('it')).toBe('it is done')
  })
})

describe('a program', () => {
  test('gets signals', async () => {
    let end: (() => void) | undefined
    await using host = await startSshServer({
      authenticate: (login) => login.accept(),
      serve: (channel) => (end = () => channel.exit('TERM')),
      signalled: (name) => {
        expect(name).toBe('TERM')
        end?.()
      },
    })
    await using ssh = await open(host.address)
    await using process = await ssh.spawn('wait')
    process.kill()
    expect(await process.exited).toEqual({ exitCode: undefined, signal: 'SIGTERM' })
  })

  test('whose host does not tell how it ended has no exit code', async () => {
    await using host = await startSshServer({
      authenticate: (login) => login.accept(),
      serve: (channel) => channel.close(),
    })
    await using ssh = await open(host.address)
    expect(await ssh.exec('x')).toEqual({ stdout: '', stderr: '', exitCode: undefined, signal: undefined })
    await expect(ssh.execOrThrow('x')).rejects.toThrow('ssh: "x" was ended by the host. It printed nothing.')
  })

  test('that is left early is no error', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    await using host = await startSshServer({
      authenticate: (login) => login.accept(),
      serve: (channel) => {
        channel.write('begun')
        channel.on('close', resolve).resume()
      },
    })
    await using ssh = await open(host.address)
    {
      await using process = await ssh.spawn('x')
      await once(process.stdout, 'data')
    }
    await closed
  })

  test('reads what comes until the host hangs up', async () => {
    await using host = await startSshServer({
      authenticate: (login) => login.accept(),
      serve: (channel) => channel.write('half', () => host.hangUp()),
    })
    await using ssh = await open(host.address)
    await expect(ssh.exec('x')).rejects.toMatchObject({ code: 'DEVICE_IO', origin: 'board' })
    await using process = await ssh.spawn('x')
    await expect(text(process.stdout)).rejects.toMatchObject({ code: 'DEVICE_IO' })
  })
})

describe('a port', () => {
  test('without an SSH server is an error', async () => {
    await using echo = await serve(new SSHWrapper({ default_username: 'root' }, { tcp: new EchoNetwork() }), {
      client: SshClient,
    })
    // What comes back is what a client says, not a server.
    await expect(echo.exec('x', { timeoutMs: 3_000 })).rejects.toMatchObject({ origin: 'board' })
    await using closed = await open({ host: '127.0.0.1', port: 1 })
    await expect(closed.exec('x')).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'lab',
      message: expect.stringMatching(/^Cannot reach .*ECONNREFUSED/),
    })
  })

  test('that is silent ends at the limit, and the connection with it', async () => {
    const sockets: Socket[] = []
    const silent = createServer((socket) => sockets.push(socket.resume().on('error', () => undefined)))
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    await using ssh = await open({ host: '127.0.0.1', port })
    await expect(ssh.exec('x', { timeoutMs: 300 })).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
      message: 'the login on ssh did not end within 300 ms',
    })
    await expect.poll(() => sockets.map(({ readableEnded, closed }) => readableEnded || closed)).toEqual([true])
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
})

test('a list of words reaches a program unchanged', async () => {
  const word = fc.string({ unit: fc.constantFrom(...Array.from('ab \'"\\$`;&|<>(){}[]=#!*?~\n\tä€')), maxLength: 12 })
  const lists = fc.sample(fc.array(word, { minLength: 1, maxLength: 20 }), 25)
  await Promise.all(
    lists.map(async (words) => {
      const { stdout } = await execa('sh', ['-c', commandText(['printf', String.raw`%s\0`, ...words])])
      expect(stdout).toBe(words.map((one) => `${one}\0`).join(''))
    }),
  )
})
