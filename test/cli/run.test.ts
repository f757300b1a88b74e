import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { connect, type ConnectOptions } from '../../src/index.ts'
import { createCertificates } from '../support/certificates.ts'
import { createCliFolder } from '../support/cli.ts'
import { needsCommand } from '../support/system-part.ts'

const timeout = 60_000
let cli: Awaited<ReturnType<typeof createCliFolder>>
let desk: string

beforeAll(async () => {
  cli = await createCliFolder()
  desk = cli.exporter('desk', { labels: { board: 'uno' } })
})
afterAll(() => cli[Symbol.asyncDispose]())

/** Serves, is used and ended. @returns what it has printed */
async function serve(args: readonly string[], signal: NodeJS.Signals, options: ConnectOptions = {}) {
  await using exporter = cli.start(['run', '--exporter-config', desk, ...args])
  const address = await exporter.prints(/^JUMPSTARTER_HOST=(.+)\n/m)
  const connection = await connect(address, options)
  expect(connection.report.labels).toMatchObject({ board: 'uno' })
  await connection.root.children['power']?.call('on')
  connection.close()
  await exporter.prints(/is ready; Ctrl-C ends it/)
  exporter.child.kill(signal)
  const { exitCode } = await exporter.child
  const { stdout, stderr } = exporter.output
  return { stdout, stderr, address, exitCode }
}

describe('serves until a signal, and closes its drivers', () => {
  test('on a private socket', { timeout }, async () => {
    const { address, exitCode, stdout, stderr } = await serve([], 'SIGINT')
    expect(exitCode).toBe(130)
    expect(stdout).toBe(`JUMPSTARTER_HOST=${address}\n`)
    expect(stderr).toContain('exporter desk is ready')
    expect(existsSync(dirname(address))).toBe(false)
    expect(readFileSync(join(cli.folder, 'journal'), 'utf8')).toBe('reset\nclose\n')
  })

  test('on a socket of the user’s choice', { timeout }, async () => {
    const socket = join(cli.folder, 'own.sock')
    expect(await serve(['--socket', socket], 'SIGTERM')).toMatchObject({ address: socket, exitCode: 143 })
    expect(existsSync(socket)).toBe(false)
  })

  test('on a free port, without TLS', { timeout }, async () => {
    const { address, exitCode, stdout } = await serve(['--listen', '0', '--insecure'], 'SIGHUP', { insecure: true })
    expect(exitCode).toBe(129)
    expect(stdout).toBe(`JUMPSTARTER_HOST=${address}\nJMP_GRPC_INSECURE=1\n`)
    expect(address).toMatch(/^127\.0\.0\.1:[1-9]\d*$/)
  })

  test('with TLS and a passphrase', { timeout }, async ({ skip }) => {
    needsCommand('openssl', skip)
    await using certificates = await createCertificates()
    const { ca, certFile, keyFile } = certificates
    const passphrase = 'open sesame'
    const args = ['--listen', 'localhost:0', '--tls-cert', certFile, '--tls-key', keyFile, '--passphrase', passphrase]
    const { address, stdout, stderr } = await serve(args, 'SIGINT', { ca, passphrase })
    expect(address).toMatch(/^localhost:\d+$/)
    expect(stdout).toBe(`JUMPSTARTER_HOST=${address}\n`)
    expect(stdout + stderr).not.toContain(passphrase)
  })

  test('the passphrase may be in the environment', { timeout }, async () => {
    const env = { JMP_GRPC_PASSPHRASE: 'open sesame' }
    await using exporter = cli.start(['run', '--exporter-config', desk, '--listen', '0', '--insecure'], { env })
    const address = await exporter.prints(/^JUMPSTARTER_HOST=(.+)\n/m)
    await exporter.prints(/warning: without TLS everybody who can see the network traffic can read the passphrase/)
    await expect(connect(address, { insecure: true })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    const connection = await connect(address, { insecure: true, passphrase: 'open sesame' })
    connection.close()
  })
})

describe('hooks', () => {
  test('run before it is ready and after a signal; their output is on standard error', { timeout }, async () => {
    const hooks = { beforeLease: { script: 'echo one' }, afterLease: { script: 'echo two; exit 5' } }
    await using exporter = cli.start(['run', '--exporter-config', cli.exporter('hooked', { hooks })])
    await exporter.prints(/is ready/)
    exporter.child.kill('SIGINT')
    expect(await exporter.child).toMatchObject({ exitCode: 130 })
    expect(exporter.output.stderr.split('\n')).toEqual([
      'beforeLease: one',
      'exporter hooked is ready; Ctrl-C ends it',
      'afterLease: two',
      "warning: The exporter's afterLease hook failed with exit code 5",
      '  | two',
      '',
    ])
  })

  test('one that fails is an error, and a signal while one runs ends it', { timeout }, async () => {
    const failing = cli.exporter('failing', {
      hooks: { beforeLease: { script: 'echo no board; exit 3', onFailure: 'endLease' } },
    })
    expect(await cli.run(['run', '--exporter-config', failing])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: "beforeLease: no board\nerror: The exporter's beforeLease hook failed with exit code 3\n  | no board",
    })

    const slow = cli.exporter('slow', { hooks: { beforeLease: { script: 'echo begun; sleep 600' } } })
    await using exporter = cli.start(['run', '--exporter-config', slow])
    await exporter.prints(/begun/)
    exporter.child.kill('SIGTERM')
    expect(await exporter.child).toMatchObject({ exitCode: 143 })
    expect(exporter.output.stdout).toBe('')
    expect(readdirSync(join(cli.folder, 'tmp'))).toEqual([])
  })
})

describe('mistakes', () => {
  test('of the options: all at once, before the drivers are made', { timeout }, async () => {
    const args = [
      '--socket',
      '/x',
      '--listen',
      '0.0.0.0:x',
      '--tls-cert',
      '/no/such',
      '--insecure',
      '--passphrase',
      'ä',
    ]
    const { code, stdout, stderr } = await cli.run(['run', '--exporter-config', 'missing.yaml', ...args])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr.split('\n').map((line) => line.slice(7))).toEqual([
      '--socket and --listen exclude each other',
      '--tls-cert and --tls-key need each other',
      '--insecure and --tls-cert exclude each other',
      expect.stringContaining('--passphrase: A passphrase is made of'),
      "--listen is '0.0.0.0:x'; it has to be PORT or HOST:PORT, with a port from 0 to 65535",
      expect.stringContaining('--tls-cert cannot be read: ENOENT'),
    ])
    expect(stderr).toMatch(/^error: /)
  })

  test('of the exporter’s file, and an address that cannot be had', { timeout }, async () => {
    const missing = await cli.run(['run', '--exporter-config', 'missing.yaml'])
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('error: Cannot read missing.yaml') })

    const taken = join(cli.folder, 'taken.sock')
    cli.write('taken.sock', 'no socket')
    const refused = await cli.run(['run', '--exporter-config', desk, '--socket', taken])
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toContain(`error: Cannot listen on unix:${taken}`)
    expect(refused.stderr, 'no stack').not.toContain('    at ')
    expect(readFileSync(taken, 'utf8')).toBe('no socket')
  })
})
