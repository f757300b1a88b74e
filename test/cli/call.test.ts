import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { createCertificates } from '../support/certificates.ts'
import { createCliFolder } from '../support/cli.ts'
import { needsCommand } from '../support/system-part.ts'

const timeout = 60_000
let cli: Awaited<ReturnType<typeof createCliFolder>>
let exporter: ReturnType<typeof cli.start>
let env: Record<string, string>

beforeAll(async () => {
  cli = await createCliFolder()
  exporter = cli.start(['run', '--exporter-config', cli.exporter('desk')])
  env = { JUMPSTARTER_HOST: await exporter.prints(/^JUMPSTARTER_HOST=(.+)\n/m) }
}, 60_000)
afterAll(async () => {
  await exporter[Symbol.asyncDispose]()
  await cli[Symbol.asyncDispose]()
})

const journal = () => {
  const file = join(cli.folder, 'journal')
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
}
const call = (...args: string[]) => cli.run(['call', ...args], { env })

describe('answers are JSON', () => {
  test('one line for a call, whose arguments are JSON or texts', { timeout }, async () => {
    const echo = 'bench.probe.echoBack'
    const [nothing, values] = await Promise.all([
      call('power.on'),
      call(echo, '1', '-2.5', 'true', 'null', '"3"', '{"a": [1]}', 'uno due', '/dev/ttyACM0', '{', ''),
    ])
    expect(nothing).toMatchObject({ code: 0, stdout: 'null', stderr: '' })
    expect(JSON.parse(values.stdout)).toEqual([
      1,
      -2.5,
      true,
      null,
      '3',
      { a: [1] },
      'uno due',
      '/dev/ttyACM0',
      '{',
      '',
    ])
  })

  test('a line for each record of a streaming call', { timeout }, async () => {
    const [known, unknown] = await Promise.all([call('power.read'), call('bench.probe.count_to', '3')])
    expect(JSON.parse(known.stdout.split('\n')[0] ?? '')).toEqual({
      voltage: expect.any(Number),
      current: expect.any(Number),
    })
    expect(unknown).toMatchObject({ code: 0, stdout: '{"n":1}\n{"n":2}\n{"n":3}' })
  })

  test(
    'names in camelCase, snake_case or with dashes, of an interface that is not known here',
    { timeout },
    async () => {
      const names = ['echoBack', 'echo_back', 'echo-back']
      const results = await Promise.all(names.map((name) => call(`bench.probe.${name}`, '7')))
      for (const result of results) expect(result).toMatchObject({ code: 0, stdout: '[7]' })
    },
  )
})

describe('a byte stream', () => {
  test('is connected to standard input and output', { timeout }, async () => {
    const input = 'hello, world\n'.repeat(20_000)
    const { code, stdout } = await cli.run(['call', 'bench.probe.shout'], { env, input })
    expect(code).toBe(0)
    expect(stdout).toBe(input.toUpperCase().trimEnd())
  })

  test('ends with Ctrl-C', { timeout }, async () => {
    await using running = cli.start(['call', 'bench.probe.drip'], { env })
    await running.prints(/drop/)
    running.child.kill('SIGINT')
    expect(await running.child).toMatchObject({ exitCode: 130 })
    expect(running.output.stderr).toBe('')
    await expect.poll(journal, { timeout: 10_000 }).toContain('drip closed')
  })
})

test('a reader of the output may stop', { timeout }, async ({ skip }) => {
  needsCommand('head', skip)
  const pipe = (target: string) => `'${process.execPath}' '${cli.mainFile}' call ${target} | head -n 1`
  const { code, stdout, stderr } = await cli.command(
    'sh',
    ['-c', `${pipe('bench.probe.drip')}; ${pipe('bench.probe.countTo 1e9')}`],
    { env },
  )
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'drop\n{"n":1}', stderr: '' })
})

describe('errors', () => {
  test('of the driver are on standard error', { timeout }, async () => {
    expect(await call('bench.probe.fail')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'error: bench.probe.fail: too hot',
    })
  })

  test('name what there is instead', { timeout }, async () => {
    const [driver, nested, method, foreign] = await Promise.all([
      call('powr.on'),
      call('bench.prob.x'),
      call('power.onn'),
      call('bench.probe.nope'),
    ])
    const tree = [
      '(root): jumpstarter_driver_composite.client.CompositeClient',
      '  power: jumpstarter_driver_power.client.PowerClient',
      '  bench: jumpstarter_driver_composite.client.CompositeClient',
      '    probe: test.ProbeClient',
    ].join('\n')
    expect(driver).toMatchObject({ code: 2, stderr: `error: powr.on: there is no driver 'powr'. There are:\n${tree}` })
    expect(nested).toMatchObject({ code: 2, stderr: expect.stringContaining("there is no driver 'prob'") })
    expect(method).toMatchObject({
      code: 1,
      stderr: 'error: power.onn: method onn not found on driver; there are on, off, read',
    })
    expect(foreign).toMatchObject({
      code: 1,
      stderr:
        'error: bench.probe.nope: method nope not found on driver; there are echo_back, fail, hang, count_to, shout, drip',
    })
  })

  test('--timeout ends what takes too long, and has to be a number', { timeout }, async () => {
    const [slow, wrong] = await Promise.all([
      call('bench.probe.hang', '--timeout', '0.5'),
      call('bench.probe.hang', '--timeout', 'soon'),
    ])
    expect(slow).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('bench.probe.hang: no answer within 500 ms'),
    })
    expect(wrong).toMatchObject({
      code: 2,
      stderr: "error: --timeout is 'soon'; it has to be a number of seconds, at most 86400",
    })
  })

  test('Ctrl-C ends a call', { timeout }, async () => {
    const before = journal().filter((event) => event === 'hang').length
    await using running = cli.start(['call', 'bench.probe.hang'], { env })
    await expect.poll(() => journal().filter((event) => event === 'hang').length, { timeout: 30_000 }).toBe(before + 1)
    running.child.kill('SIGINT')
    expect(await running.child).toMatchObject({ exitCode: 130 })
    expect(running.output).toEqual({ stdout: '', stderr: '' })
  })

  test('no exporter, or one that is not there', { timeout }, async () => {
    const [none, gone, ca] = await Promise.all([
      cli.run(['call', 'power.on']),
      cli.run(['call', 'power.on', '--host', join(cli.folder, 'gone.sock')], { env }),
      cli.run(['call', 'power.on', '--host', '127.0.0.1:1', '--ca', 'no.pem']),
    ])
    expect(none).toMatchObject({
      code: 2,
      stderr: "error: no exporter: give --host, or run this inside 'vitest-hardware shell' or 'jmp shell'",
    })
    expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining('error: Cannot connect to') })
    expect(ca).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/error: --ca: Cannot read the CA file .+: ENOENT/),
    })
  })
})

describe('over TCP', () => {
  let listening: ReturnType<typeof cli.start> | undefined

  beforeEach(() => async () => {
    await listening?.[Symbol.asyncDispose]()
    listening = undefined
  })

  test('with TLS and a passphrase', { timeout }, async ({ skip }) => {
    needsCommand('openssl', skip)
    await using certificates = await createCertificates()
    const { caFile, certFile, keyFile } = certificates
    const passphrase = 'open sesame'
    const passphraseFile = cli.write('passphrase', `${passphrase}\n`)
    const args = ['--listen', '0', '--tls-cert', certFile, '--tls-key', keyFile, '--passphrase-file', passphraseFile]
    listening = cli.start(['run', '--exporter-config', cli.exporter('tcp'), ...args])
    const host = await listening.prints(/^JUMPSTARTER_HOST=(.+)\n/m)
    const use = (...options: string[]) => cli.run(['call', 'bench.probe.echoBack', '1', '--host', host, ...options])
    const [right, file, missing, ambient, shell, wrong, untrusted, plain] = await Promise.all([
      use('--ca', caFile, '--passphrase', passphrase),
      use('--ca', caFile, '--passphrase-file', passphraseFile),
      use('--ca', caFile, '--passphrase-file', 'missing'),
      // The empty variables of a shell around this one are as none.
      cli.run(['call', 'bench.probe.echoBack', '1', '--ca', caFile], {
        env: { JUMPSTARTER_HOST: host, JMP_GRPC_PASSPHRASE: passphrase, JMP_GRPC_INSECURE: '', JMP_EXPORTER: '' },
      }),
      cli.run(
        [
          'shell',
          '--host',
          host,
          '--ca',
          caFile,
          '--passphrase',
          passphrase,
          '--',
          process.execPath,
          cli.mainFile,
        ].concat(['call', 'bench.probe.echoBack', '1']),
        { env: { JMP_GRPC_INSECURE: '1', JUMPSTARTER_GRPC_INSECURE: '1' } },
      ),
      use('--ca', caFile, '--passphrase', 'open'),
      use('--passphrase', passphrase),
      use('--insecure'),
    ])
    for (const result of [right, file, ambient, shell]) expect(result).toMatchObject({ code: 0, stdout: '[1]' })
    expect(missing).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--passphrase-file cannot be read: ENOENT'),
    })
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('invalid or missing passphrase') })
    expect(untrusted).toMatchObject({ code: 1, stderr: expect.stringContaining("signed the certificate as 'ca'") })
    expect(plain).toMatchObject({ code: 1, stderr: expect.stringContaining('connect without insecure') })
    await listening.prints(/refused 127\.0\.0\.1:\d+: authentication failed: invalid or missing passphrase\n/)
    const all = [right, file, missing, ambient, shell, wrong, untrusted, plain].map(({ stderr }) => stderr)
    expect(all.join('\n')).not.toContain(passphrase)
  })

  test('without either, where an empty passphrase is none', { timeout }, async () => {
    listening = cli.start(['run', '--exporter-config', cli.exporter('plain'), '--listen', '0', '--insecure'])
    const host = await listening.prints(/^JUMPSTARTER_HOST=(.+)\n/m)
    const results = await Promise.all([
      cli.run(['call', 'bench.probe.echoBack', '1', '--host', host, '--insecure'], {
        env: { JMP_GRPC_PASSPHRASE: '' },
      }),
      cli.run(['call', 'bench.probe.echoBack', '1'], { env: { JUMPSTARTER_HOST: host, JMP_GRPC_INSECURE: '1' } }),
    ])
    for (const result of results) expect(result).toMatchObject({ code: 0, stdout: '[1]', stderr: '' })
  })
})

test('waits for the hook of an exporter that starts, and shows what it prints', { timeout }, async () => {
  const gate = join(cli.folder, 'open')
  const script = `echo begun; while [ ! -e '${gate}' ]; do sleep 0.05; done; echo done`
  const socket = join(cli.folder, 'slow.sock')
  const file = cli.exporter('slow', { hooks: { beforeLease: { script } } })
  await using slow = cli.start(['run', '--exporter-config', file, '--socket', socket])
  await slow.prints(/beforeLease: begun/)
  await using waiting = cli.start(['call', 'power.on', '--host', socket])
  await waiting.prints(/beforeLease: begun/)
  expect(waiting.output.stdout).toBe('')
  // Ctrl-C ends the wait as well.
  await using impatient = cli.start(['call', 'power.on', '--host', socket])
  await impatient.prints(/beforeLease: begun/)
  impatient.child.kill('SIGINT')
  expect(await impatient.child).toMatchObject({ exitCode: 130 })
  cli.write('open', '')
  expect(await waiting.child).toMatchObject({ exitCode: 0 })
  expect(waiting.output).toEqual({ stdout: 'null\n', stderr: 'beforeLease: begun\nbeforeLease: done\n' })
})
