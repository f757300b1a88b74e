import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { type ListenArguments, readListenOptions } from '../../src/cli/listen.ts'

let folder: string
let files: { readonly tlsCert: string; readonly tlsKey: string }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'listen-'))
  files = { tlsCert: join(folder, 'cert.pem'), tlsKey: join(folder, 'key.pem') }
  await writeFile(files.tlsCert, 'CERT')
  await writeFile(files.tlsKey, 'KEY')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What the options are refused with, a mistake each. */
async function mistakesOf(given: ListenArguments): Promise<string[]> {
  const error = await readListenOptions(given).then(
    () => new Error('none'),
    (failure: unknown) => failure as Error,
  )
  return error.message.split('\n').map((line) => line.trim())
}

describe('where to listen', () => {
  const tcp = (host: string, port: number) => ({
    address: { kind: 'tcp', host, port },
    security: { tls: undefined, passphrase: undefined },
  })

  test.each<[ListenArguments, object]>([
    [{}, {}],
    [{ socket: '/run/desk.sock' }, { address: { kind: 'unix', path: '/run/desk.sock' } }],
    // The passphrase may come from the environment, for other commands.
    [{ socket: '/run/desk.sock', passphrase: 'x' }, { address: { kind: 'unix', path: '/run/desk.sock' } }],
    [{ listen: '0', insecure: true }, tcp('127.0.0.1', 0)],
    [{ listen: '65535', insecure: true }, tcp('127.0.0.1', 65_535)],
    [{ listen: 'localhost:1', insecure: true }, tcp('localhost', 1)],
    [{ listen: '127.8.8.8:1', insecure: true }, tcp('127.8.8.8', 1)],
    [{ listen: '[::1]:1', insecure: true }, tcp('[::1]', 1)],
    [{ listen: '0.0.0.0:1', insecure: true, unauthenticated: true }, tcp('0.0.0.0', 1)],
  ])('%j', async (given, expected) => {
    expect(await readListenOptions(given)).toEqual(expected)
  })

  test('and to whom', async () => {
    const given = { listen: 'bench.example:7', passphrase: 'open sesame', ...files }
    expect(await readListenOptions(given)).toEqual({
      address: { kind: 'tcp', host: 'bench.example', port: 7 },
      security: { tls: { cert: 'CERT', key: 'KEY' }, passphrase: 'open sesame' },
    })
  })
})

describe('mistakes', () => {
  test.each(['', '65536', '-1', 'x', ':1', 'host', 'host:', 'a:b:1', '::1:1', 'http://host:1', '1.5'])(
    '--listen %j',
    async (listen) => {
      expect(await mistakesOf({ listen, insecure: true })).toEqual([
        `--listen is '${listen}'; it has to be PORT or HOST:PORT, with a port from 0 to 65535`,
      ])
    },
  )

  test.each(['0.0.0.0:1', '[::]:1', '192.168.0.7:1', 'bench.example:1', '128.0.0.1:1'])(
    '%s is open to everybody only if the user allows that',
    async (listen) => {
      expect(await mistakesOf({ listen, insecure: true })).toEqual([
        `--listen ${listen} lets everybody who can reach this machine use its hardware: give --passphrase, or --unauthenticated to allow that`,
      ])
      await readListenOptions({ listen, insecure: true, unauthenticated: true })
      await readListenOptions({ listen, insecure: true, passphrase: 'open sesame' })
    },
  )

  test('options that do not go together', async () => {
    expect(await mistakesOf({ socket: '/x', listen: '1', insecure: true })).toEqual([
      '--socket and --listen exclude each other',
    ])
    expect(await mistakesOf({ listen: '1', tlsCert: files.tlsCert })).toEqual([
      '--tls-cert and --tls-key need each other',
    ])
    expect(await mistakesOf({ listen: '1', tlsKey: files.tlsKey, insecure: true })).toEqual([
      '--tls-cert and --tls-key need each other',
    ])
    expect(await mistakesOf({ listen: '1', insecure: true, ...files })).toEqual([
      '--insecure and --tls-cert exclude each other',
    ])
    expect(await mistakesOf({ listen: '1' })).toEqual([
      '--listen needs --tls-cert and --tls-key, or --insecure for a connection without TLS',
    ])
    expect(await mistakesOf({ ...files, insecure: true, unauthenticated: true })).toEqual([
      '--tls-cert needs --listen',
      '--tls-key needs --listen',
      '--insecure needs --listen',
      '--unauthenticated needs --listen',
    ])
  })

  test('a passphrase that cannot be sent, which is not repeated', async () => {
    for (const passphrase of ['', 'señor', ' padded']) {
      expect(await mistakesOf({ listen: '1', insecure: true, passphrase })).toEqual([
        '--passphrase: A passphrase is made of printable ASCII characters, without spaces at its ends, and has at least one',
      ])
    }
  })

  test('files that cannot be read', async () => {
    expect(await mistakesOf({ listen: '1', tlsCert: join(folder, 'nope'), tlsKey: folder })).toEqual([
      expect.stringMatching(/^--tls-cert cannot be read: ENOENT/),
      expect.stringMatching(/^--tls-key cannot be read: EISDIR/),
    ])
  })

  test('all at once', async () => {
    const given = { socket: '/x', listen: 'bench.example:1', tlsCert: join(folder, 'nope'), insecure: true }
    expect(await mistakesOf(given)).toHaveLength(5)
  })
})
