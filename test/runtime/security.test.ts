import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'

import { connect, type ConnectOptions, HardwareError } from '../../src/index.ts'
import { GrpcChannel } from '../../src/protocol/grpc/grpc-channel.ts'
import { parseAddress } from '../../src/protocol/address.ts'
import { defineExporter } from '../../src/runtime/define-exporter.ts'
import { openSession } from '../../src/runtime/open-session.ts'
import type { ListenSecurity } from '../../src/runtime/service/server.ts'
import { type Certificates, createCertificates } from '../support/certificates.ts'
import { freePort } from '../support/free-port.ts'
import { needsCommand } from '../support/system-part.ts'
import { MockThermostat } from '../support/thermostat.ts'

// Processes and handshakes take their time where the machine is busy.
vi.setConfig({ testTimeout: 60_000 })

const secret = 'open sesame !~'

/** A thermostat behind a port, with all that was done to it. */
async function listen(security: ListenSecurity, host = '127.0.0.1', print?: (line: string) => void) {
  const thermostat = new MockThermostat()
  const exporter = { ...defineExporter({ name: 'desk', export: () => ({ thermostat }) }), warnings: [] }
  const open = await openSession(exporter, { address: { kind: 'tcp', host, port: 0 }, security, print })
  return {
    ...open,
    thermostat,
    port: Number(open.address.split(':').at(-1)),
    [Symbol.asyncDispose]: () => open.close(),
  }
}

/** What connecting is refused with. It has to end by itself, long before connecting gives up. */
async function refusal(address: string, options: ConnectOptions): Promise<HardwareError> {
  const started = performance.now()
  const error = await connect(address, { timeoutMs: 60_000, ...options }).then(
    (connection) => connection.close(),
    (failure: unknown) => failure,
  )
  expect(error).toBeInstanceOf(HardwareError)
  expect(performance.now() - started, 'it does not wait for the time limit').toBeLessThan(30_000)
  return error as HardwareError
}

describe('TLS', () => {
  let certificates: Certificates | undefined

  beforeAll(async () => {
    certificates = await createCertificates().catch(() => undefined)
  })
  afterAll(() => certificates?.remove())

  /** The certificates, where they can be made. */
  function pem(skip: Parameters<typeof needsCommand>[1]): Certificates {
    needsCommand('openssl', skip)
    if (certificates === undefined) throw new Error('openssl could not make certificates')
    return certificates
  }

  test('with a private authority, by name and by address', async ({ skip }) => {
    const { ca, ...server } = pem(skip)
    await using exporter = await listen({ tls: server })
    for (const host of ['localhost', '127.0.0.1']) {
      const connection = await connect(`${host}:${exporter.port}`, { ca })
      expect(await connection.root.children['thermostat']?.call('query', host)).toBe(`Response for ${host}`)
      const console = await connection.root.children['thermostat']?.stream('console')
      console?.end('shout')
      expect(await text(console!)).toBe('SHOUT')
      connection.close()
    }
  })

  test('several authorities in one text, in any order', async ({ skip }) => {
    const { ca, otherCa, ...server } = pem(skip)
    await using exporter = await listen({ tls: server })
    const connection = await connect(exporter.address, { ca: `${otherCa}\n${ca}` })
    connection.close()
  })

  test('an authority that has not signed, the system’s, and a wrong name are refused with the cure', async ({
    skip,
  }) => {
    const { ca, otherCa, elsewhere, ...server } = pem(skip)
    await using good = await listen({ tls: server })
    await using bad = await listen({ tls: elsewhere })
    const refusals = await Promise.all([
      refusal(good.address, { ca: otherCa }),
      refusal(good.address, {}),
      refusal(bad.address, { ca }),
    ])
    for (const [index, error] of refusals.entries()) {
      const { address } = index < 2 ? good : bad
      expect(error).toMatchObject({ code: 'CONNECTION_FAILED', origin: 'wire' })
      expect(error.message).toContain(`Cannot connect to ${address}: `)
      expect(error.message).toMatch(/certificate/)
      expect(error.message).toContain("Name the authority that signed the certificate as 'ca'")
    }
    expect(refusals[2].message).toMatch(/altnames|does not match/)
    expect([...good.thermostat.events, ...bad.thermostat.events]).toEqual(['reset', 'reset'])
  })

  test('TLS at one end alone is refused with the cure', async ({ skip }) => {
    const { ca, ...server } = pem(skip)
    await using encrypted = await listen({ tls: server })
    await using plain = await listen({})
    const withoutTls = await refusal(plain.address, { ca })
    expect(withoutTls.code).toBe('CONNECTION_FAILED')
    expect(withoutTls.message).toContain(
      `Cannot connect to ${plain.address}: it does not speak TLS; connect with insecure: true`,
    )
    const withTls = await refusal(encrypted.address, { insecure: true })
    expect(withTls.code).toBe('CONNECTION_FAILED')
    expect(withTls.message).toContain(`Cannot connect to ${encrypted.address}: `)
    expect(withTls.message).toMatch(/TLS/)
    expect(withTls.message).toMatch(/insecure/)
  })

  test('an invalid certificate or key is refused before anybody can connect', async ({ skip }) => {
    const { ca, elsewhere, ...server } = pem(skip)
    const port = await freePort()
    const bad = [
      { cert: 'no certificate', key: server.key },
      { cert: server.cert, key: 'no key' },
      { cert: server.cert, key: elsewhere.key },
      { cert: '', key: '' },
      { cert: server.cert, key: '' },
    ]
    for (const tls of bad) {
      const thermostat = new MockThermostat()
      const exporter = { ...defineExporter({ name: 'desk', export: () => ({ thermostat }) }), warnings: [] }
      const address = { kind: 'tcp', host: '127.0.0.1', port } as const
      await expect(openSession(exporter, { address, security: { tls } }), tls.cert).rejects.toMatchObject({
        code: 'EXPORTER_FAILED',
        message: expect.stringContaining('The certificate and its key cannot be used: '),
      })
      expect(thermostat.events).toEqual(['reset', 'close'])
      expect((await refusal(`127.0.0.1:${port}`, { ca })).message).toContain('ECONNREFUSED')
    }
    await expect(connect('127.0.0.1:1', { ca: 'no certificate' })).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      message: expect.stringContaining('The CA to trust is not a certificate in PEM'),
    })
  })
})

describe('a passphrase', () => {
  const insecure = { insecure: true }

  test('the right one works for every kind of call', async () => {
    await using exporter = await listen({ passphrase: secret })
    const connection = await connect(exporter.address, { ...insecure, passphrase: secret })
    const thermostat = connection.root.children['thermostat']!
    await thermostat.call('set_target', 22)
    expect(await thermostat.call('target')).toBe(22)
    expect(await Array.fromAsync(thermostat.streamingCall('readings'))).toHaveLength(3)
    const console = await thermostat.stream('console')
    console.end('shout')
    expect(await text(console)).toBe('SHOUT')
    const { stream, handle } = await thermostat.resource()
    expect(handle).toBeDefined()
    stream.destroy()
    for await (const line of connection.channel.logs()) {
      expect(line.message).toContain('target 22')
      break
    }
    connection.close()
  })

  test.each([
    ['a wrong one', 'open sesame'],
    ['a longer one', `${secret}!`],
    ['none', undefined],
  ])('%s is refused for every kind of call, and no driver hears of it', async (_name, passphrase) => {
    await using exporter = await listen({ passphrase: secret })
    const { uuid } = exporter.thermostat
    const channel = new GrpcChannel(parseAddress(exporter.address), { ...insecure, passphrase })
    const limits = { timeoutMs: 60_000 }
    const target = (method: string) => ({ uuid, method })
    const attempts: Record<string, () => Promise<unknown>> = {
      report: () => channel.report(limits),
      state: () => channel.state(limits),
      call: () => channel.call(target('set_target'), [25], limits),
      streaming: () => Array.fromAsync(channel.streamingCall(target('counter'), [1], limits)),
      byteStream: () => channel.openStream(target('console'), limits),
      resource: () => channel.openResource(uuid, null, limits),
      logs: () => Array.fromAsync(channel.logs(limits)),
    }
    for (const [name, attempt] of Object.entries(attempts)) {
      const error = await attempt().then(
        () => undefined,
        (failure: unknown) => failure,
      )
      expect(error, name).toMatchObject({ code: 'UNAUTHENTICATED', origin: 'lab' })
      expect((error as Error).message, name).toContain('invalid or missing passphrase')
      expect((error as Error).message, name).not.toContain(secret)
      expect((error as Error).message, name).not.toContain(passphrase ?? secret)
    }
    channel.close()
    expect(exporter.thermostat.target()).toBe(20)
    expect(exporter.thermostat.events).toEqual(['reset'])
    await expect(
      connect(exporter.address, { ...insecure, ...(passphrase === undefined ? {} : { passphrase }) }),
    ).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test('guesses are printed and slowed down, and those who know it go on', async () => {
    const printed: string[] = []
    await using exporter = await listen({ passphrase: secret }, '127.0.0.1', (line) => printed.push(line))
    const friend = await connect(exporter.address, { ...insecure, passphrase: secret })
    const attempt = async (channel: GrpcChannel) =>
      channel.report({ timeoutMs: 60_000 }).then(
        () => 'accepted',
        (error: unknown) => (error as Error).message,
      )
    const guesser = new GrpcChannel(parseAddress(exporter.address), { ...insecure, passphrase: 'open sesame' })
    const answers = await Promise.all(Array.from({ length: 500 }, () => attempt(guesser)))
    expect(answers.filter((answer) => !answer.includes('invalid or missing passphrase'))).toEqual([])
    const unread = answers.filter((answer) => answer.includes('too often from this address'))
    expect(unread.length, 'most are refused unread').toBeGreaterThan(400)
    // The right one as a guess among many is refused unread too, in its turn.
    let lucky: GrpcChannel
    let first: string
    do {
      const channel = new GrpcChannel(parseAddress(exporter.address), { ...insecure, passphrase: secret })
      onTestFinished(() => channel.close())
      lucky = channel
      await Promise.all(Array.from({ length: 50 }, () => attempt(guesser)))
      first = await attempt(lucky)
      // It was its turn.
    } while (first === 'accepted')
    expect(first).toContain('too often from this address')
    expect(await friend.root.children['thermostat']!.call('target')).toBe(20)
    // Some seconds later it is accepted.
    await expect.poll(() => attempt(lucky), { timeout: 30_000 }).toBe('accepted')
    const words = 'authentication failed: invalid or missing passphrase'
    expect(printed[0]).toMatch(new RegExp(`^refused 127\\.0\\.0\\.1:\\d+: ${words}$`))
    expect(printed.length, 'a line for each passphrase that was read').toBeLessThan(100)
    expect(printed.join('\n')).not.toContain(secret)
    guesser.close()
    friend.close()
  })

  test('a passphrase that cannot be sent is refused on both sides, and the error does not repeat it', async () => {
    for (const passphrase of ['', ' ', 'señor', 'naïve secret', 'two\nlines', ' padded', 'padded ', '\u{1F511}']) {
      const attempts = [listen({ passphrase }), connect('127.0.0.1:1', { ...insecure, passphrase })]
      for (const [index, result] of (await Promise.allSettled(attempts)).entries()) {
        expect(result, JSON.stringify(passphrase)).toMatchObject({
          status: 'rejected',
          reason: { code: 'ARGUMENT_INVALID', origin: 'plugin' },
        })
        const { message } = (result as PromiseRejectedResult).reason as Error
        expect(message, String(index)).toContain('printable ASCII')
        expect(message).not.toContain(passphrase.trim() || secret)
      }
    }
  })

  test('hooks do not need it, and neither clients nor users see it', async () => {
    vi.stubEnv('JMP_GRPC_PASSPHRASE', secret)
    onTestFinished(() => void vi.unstubAllEnvs())
    const lines: string[] = []
    const thermostat = new MockThermostat()
    const exporter = {
      ...defineExporter({ name: 'desk', export: () => ({ thermostat }) }),
      warnings: [],
      hooks: { beforeLease: { command: ['/bin/sh', '-c', 'env; exit 1'], timeoutMs: 60_000, onFailure: 'warn' } },
    } as const
    const address = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const
    await using open = await openSession(exporter, {
      address,
      security: { passphrase: secret },
      print: (line) => lines.push(line),
    })
    const printed: string[] = []
    const print = (line: string) => void printed.push(line)
    const connection = await connect(open.address, { ...insecure, passphrase: secret, print })
    expect(printed).toEqual([expect.stringContaining('warning: The exporter’s'.replace('’', "'"))])
    const host = lines.find((line) => line.startsWith('beforeLease: JUMPSTARTER_HOST='))
    const own = await connect(host?.replace('beforeLease: JUMPSTARTER_HOST=', '') ?? '')
    expect(await own.root.children['thermostat']?.call('target')).toBe(20)
    own.close()
    connection.close()
    expect([...lines, ...printed].join('\n')).not.toContain(secret)
  })
})
