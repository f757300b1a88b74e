import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { afterAll, assert, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { SshClient, type SshSession } from '../../src/clients/drivers/ssh-client.ts'
import { describeDriver, describeNetwork } from '../../src/conformance/index.ts'
import { SSHWrapper, type SSHWrapperConfig, TcpNetwork } from '../../src/drivers/index.ts'
import { HardwareError, serve } from '../../src/index.ts'
import { SshHost } from '../../src/interfaces/index.ts'
import { startEchoServer } from './support/echo-server.ts'
import { createSshd, sshdMissing } from './support/sshd.ts'

let sshd: Awaited<ReturnType<typeof createSshd>>
let ssh: Awaited<ReturnType<typeof open>>

const create = (config: SSHWrapperConfig = {}) =>
  new SSHWrapper(
    { default_username: sshd.user.name, ssh_identity_file: sshd.user.privateFile, ...config },
    { tcp: new TcpNetwork(sshd.address) },
  )
const open = (config?: SSHWrapperConfig) => serve(create(config), { client: SshClient })

const missing = sshdMissing()
beforeAll(async () => {
  if (missing !== undefined) return
  sshd = await createSshd()
  await sshd.start()
  ssh = await open()
})
afterAll(async () => {
  await ssh?.[Symbol.asyncDispose]()
  await sshd?.[Symbol.asyncDispose]()
})

describeDriver(
  'SSHWrapper',
  () => ({
    driver: create(),
    interrupt: () => sshd.kill(),
    restore: () => sshd.start(),
    [Symbol.asyncDispose]: () => sshd.start(),
  }),
  {
    against: 'sshd of OpenSSH',
    skip: missing,
    kind: 'SSH host',
    interface: SshHost,
    client: SshClient,
    async use(host) {
      await using session = await host.open()
      const [path, content] = [join(sshd.folder, randomUUID()), randomBytes(65_536)]
      await session.upload(content, path)
      const copy = new PassThrough()
      const [received] = await Promise.all([buffer(copy), session.download(path, copy)])
      assert(received.equals(content), 'another content')
      await session.execOrThrow(['rm', path])
    },
    // A host has ten logins under way by default (sshd_config(5), MaxStartups).
    usesAtOnce: 10,
  },
)

describeNetwork(
  'SSHWrapper',
  async () => {
    const server = await startEchoServer()
    const forward = await ssh.forward({ port: server.port }, { onError: () => undefined })
    return {
      driver: new TcpNetwork({ host: forward.host, port: forward.port }),
      interrupt: () => sshd.kill(),
      restore: () => sshd.start(),
      async [Symbol.asyncDispose]() {
        await sshd.start()
        await forward[Symbol.asyncDispose]()
        await server[Symbol.asyncDispose]()
      },
    }
  },
  { against: 'a TCP server behind sshd of OpenSSH', skip: missing },
)

describe.skipIf(missing !== undefined)('exec', () => {
  let session: SshSession
  beforeAll(async () => void (session = await ssh.open()))
  afterAll(() => session?.[Symbol.asyncDispose]())

  test('gives output, errors and exit code', async () => {
    expect(await session.exec('echo out; echo err >&2; exit 3')).toEqual({
      ...{ stdout: 'out\n', stderr: 'err\n' },
      ...{ exitCode: 3, signal: undefined },
    })
    expect(await ssh.exec('kill -KILL $$')).toMatchObject({ exitCode: undefined, signal: 'SIGKILL' })
  })

  test('a list reaches the program unchanged', async () => {
    const words = ["it's", '$HOME `id` "x" \\', '', '-n', '*', 'a\nb', 'ä€', '; rm -rf /nonexistent']
    const { stdout } = await session.exec(['printf', '%s|', ...words])
    expect(stdout).toBe(words.map((word) => `${word}|`).join(''))
    await expect(session.exec(['echo', 'a\0b'])).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
  })

  test('sends input, more than the program reads, and its end', async () => {
    const input = randomBytes(1024 * 1024)
    const { stdout } = await session.exec('sha256sum', { input })
    expect(stdout).toContain(createHash('sha256').update(input).digest('hex'))
    expect(await session.exec('head -c 1', { input: 'x'.repeat(8 * 1024 * 1024) })).toMatchObject({
      stdout: 'x',
      exitCode: 0,
    })
    expect(await session.exec('cat')).toMatchObject({ stdout: '', exitCode: 0 })
  })

  test('does not wait for processes in the background', async () => {
    expect(await session.exec('sleep 30 & echo started')).toMatchObject({ stdout: 'started\n', exitCode: 0 })
  })

  test('has a limit for time and output, and can be cancelled', async () => {
    await expect(session.exec('read x; echo never; sleep 20', { timeoutMs: 300 })).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
      message: expect.stringContaining('did not end within 300 ms'),
    })
    const controller = new AbortController()
    const cancelled = session.exec('sleep 20', { signal: controller.signal })
    setTimeout(() => controller.abort(new Error('enough')), 200)
    await expect(cancelled).rejects.toMatchObject({ code: 'CALL_CANCELLED' })
    await expect(session.exec('yes')).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })

  test('execOrThrow gives the output, or an error with the last lines', async () => {
    expect(await session.execOrThrow(['echo', 'fine'])).toBe('fine\n')
    await expect(session.execOrThrow('echo no such thing >&2; exit 7')).rejects.toMatchObject({
      ...{ code: 'COMMAND_FAILED', origin: 'firmware', result: { exitCode: 7 } },
      message: expect.stringMatching(
        /^ssh: "echo no such thing.*" ended with exit code 7\. Last lines:\n {2}\| no such thing$/,
      ),
    })
  })

  test('many commands share a session', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, (_, index) => session.execOrThrow(`echo ${index}`)))
    expect(answers.join('')).toBe('0\n1\n2\n3\n4\n')
  })
})

test('spawn has streams, both ways', async ({ skip }) => {
  skip(missing !== undefined, missing)
  await using process = await ssh.spawn('while read line; do echo "got $line"; done; echo over >&2; exit 5')
  for (const line of ['one', 'two']) {
    process.stdin.write(`${line}\n`)
    expect(String((await once(process.stdout, 'data'))[0])).toBe(`got ${line}\n`)
  }
  process.stdin.end()
  expect(await text(process.stderr)).toBe('over\n')
  expect(await process.exited).toEqual({ exitCode: 5, signal: undefined })
})

describe.skipIf(missing !== undefined)('files', () => {
  const path = (name: string) => join(sshd.folder, name)

  test('go to the host and back', async () => {
    const content = randomBytes(1024 * 1024)
    const remote = path("a file's $NAME")
    await ssh.upload(content, remote, { mode: 0o700 })
    expect(readFileSync(remote).equals(content)).toBe(true)
    expect(statSync(remote).mode & 0o777).toBe(0o700)
    await ssh.download(remote, path('local'))
    expect(readFileSync(path('local')).equals(content)).toBe(true)
    const copy = new PassThrough()
    const received = text(copy)
    await ssh.upload(Readable.from([Buffer.from('a stream')]), path('-stream'))
    await ssh.download(path('-stream'), copy)
    expect(await received).toBe('a stream')
  })

  test('that are not there, or cannot be written, are errors', async () => {
    await expect(ssh.upload('/nonexistent', path('x'))).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    await expect(ssh.upload(Buffer.from('x'), '/nonexistent/x')).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      message: expect.stringContaining('/nonexistent/x'),
    })
    await expect(ssh.upload(Buffer.alloc(3 * 1024 * 1024), '/nonexistent/x')).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
    })
    await expect(ssh.download('/nonexistent', path('y'))).rejects.toMatchObject({ code: 'COMMAND_FAILED' })
    expect(existsSync(path('y'))).toBe(false)
    writeFileSync(path('z'), 'z')
    await expect(ssh.download(path('z'), '/nonexistent/z')).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    const broken = new Readable({
      read() {
        this.destroy(new Error('the disk is gone'))
      },
    })
    await expect(ssh.upload(broken, path('w'))).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      message: expect.stringContaining('the disk is gone'),
    })
  })
})

test('a forwarded port tells when the target refuses', async ({ skip }) => {
  skip(missing !== undefined, missing)
  const failures: Error[] = []
  await using forward = await ssh.forward({ port: 1 }, { onError: (error) => failures.push(error) })
  await expect(fetch(`http://${forward.address}`)).rejects.toThrow('fetch failed')
  expect(failures).toMatchObject([
    { code: 'DEVICE_IO', message: expect.stringContaining('connecting to 127.0.0.1:1 failed') },
  ])
})

describe.skipIf(missing !== undefined)('logins', () => {
  const failureOf = (client: SshClient) =>
    client.exec('true').then(
      () => undefined,
      (error: unknown) => error as HardwareError,
    )

  test('with a wrong key, a wrong user, or none at all are errors that show no secret', async () => {
    const secret = sshd.stranger.privateKey.split('\n')[2] ?? ''
    await using stranger = await open({ ssh_identity_file: undefined, ssh_identity: sshd.stranger.privateKey })
    const failure = await failureOf(stranger)
    expect(failure).toMatchObject({
      ...{ code: 'UNAUTHENTICATED', origin: 'lab' },
      message: `ssh refuses the user ${sshd.user.name} with a private key`,
    })
    expect(`${failure?.stack}${String(failure?.cause)}`).not.toContain(secret)
    expect(await failureOf(ssh.as({ username: 'nobody-of-this-name' }))).toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(await failureOf(ssh.as({ password: 'hunter2' }))).toMatchObject({
      message: `ssh refuses the user ${sshd.user.name} with a password`,
    })
    const torn = await failureOf(ssh.as({ privateKey: sshd.user.privateKey.slice(0, 200) }))
    expect(torn).toMatchObject({ code: 'ARGUMENT_INVALID' })
    expect(torn?.message).not.toContain(sshd.user.privateKey.split('\n')[1])
    await using nobody = await open({ default_username: undefined })
    expect(await failureOf(nobody)).toMatchObject({
      code: 'ARGUMENT_INVALID',
      message: expect.stringContaining('as({ username })'),
    })
    await using missing = await open({ ssh_identity_file: '/nonexistent' })
    expect(await failureOf(missing)).toMatchObject({ code: 'DEVICE_IO', origin: 'lab' })
    expect(await SSHWrapper.check({ ssh_identity_file: '/nonexistent' }, {})).toMatchObject([
      { isMet: true },
      { isMet: false },
    ])
  })

  test('can have another key than the driver', async () => {
    await using other = await open({ ssh_identity_file: undefined, ssh_identity: sshd.stranger.privateKey })
    expect(await other.as({ privateKey: sshd.user.privateKey }).execOrThrow('echo in')).toBe('in\n')
  })

  test('compare the key of the host with a known one', async () => {
    await using known = await open({ host_key: sshd.fingerprint })
    expect(await known.execOrThrow('echo in')).toBe('in\n')
    const wrong = `SHA256:${'A'.repeat(43)}`
    expect(await failureOf(known.as({ hostKey: wrong }))).toMatchObject({
      ...{ code: 'UNAUTHENTICATED', origin: 'lab' },
      message: expect.stringContaining(
        `ssh has the host key ${sshd.fingerprint} (ssh-ed25519), and ${wrong} is expected`,
      ),
    })
    expect(() => ssh.as({ hostKey: 'MD5:00' })).toThrow('hostKey is "MD5:00"; it has to be the fingerprint')
  })
})

describe.skipIf(missing !== undefined)('a host that goes away', () => {
  beforeEach(() => async () => {
    await sshd.kill()
    await sshd.start()
  })

  test('ends the commands on it, and is found again', async () => {
    const lost = { code: 'DEVICE_IO', origin: 'board' }
    const running = ssh.exec('sleep 20').catch((error: unknown) => error)
    await using process = await ssh.spawn('echo begun; sleep 20')
    await once(process.stdout, 'data')
    await sshd.kill()
    expect(await running).toMatchObject(lost)
    await expect(process.exited).rejects.toMatchObject(lost)
    await expect(ssh.exec('true')).rejects.toMatchObject({ code: 'DEVICE_IO', origin: 'lab' })
    const reachable = ssh.waitUntilReachable({ timeoutMs: 20_000 })
    await sshd.start()
    await reachable
    expect(await ssh.execOrThrow('echo back')).toBe('back\n')
  })

  test('is waited for no longer than the limit', async () => {
    await sshd.kill()
    await expect(ssh.waitUntilReachable({ timeoutMs: 500 })).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
      message: expect.stringMatching(/^ssh was not reachable within 500 ms: .*ECONNREFUSED/),
    })
    await expect(ssh.waitUntilReachable({ signal: AbortSignal.timeout(300) })).rejects.toMatchObject({
      code: 'CALL_CANCELLED',
    })
  })
})
