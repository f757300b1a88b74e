import { createHash, randomUUID } from 'node:crypto'
import { assert, expect } from 'vitest'

import { OpendalClient } from '../clients/drivers/opendal-client.ts'
import { Opendal } from '../interfaces/opendal.ts'
import { registerCommonTests } from './common-tests.ts'
import type { ConformanceOptions, CreateDriver } from './device.ts'
import { testBytes } from './echo.ts'
import { registerFileTests } from './file-tests.ts'
import { describeOutcome, failedWith, outcomeOf } from './outcome.ts'
import { Suite } from './suite.ts'

/** The abilities of storages that not every service has. */
const abilities = ['copy', 'rename', 'list', 'createDir'] as const

/** Options of {@link describeStorage}. A storage without an ability lacks it, here and in the result of `capability()`. */
export interface StorageConformance extends ConformanceOptions<(typeof abilities)[number]> {
  /** The number of bytes of the large file (default 10 MiB). */
  readonly totalBytes?: number | undefined
}

/**
 * Tests a driver of the interface `Opendal`, a storage of files: files there and back, their facts, folders, and everything else that
 * every driver has to stand. It writes into the folder `conformance/`, and removes it.
 *
 * @param name the name of the driver in titles and reports
 */
export function describeStorage(name: string, create: CreateDriver, options: StorageConformance = {}): void {
  const short = testBytes(4096)
  const definition = {
    kind: 'storage',
    contract: Opendal,
    Client: OpendalClient,
    badCalls: [
      ['open', 'conformance/file', 'up'],
      ['fileTell', 'no open file'],
      ['fileClose', 'no open file'],
      ['hash', 'conformance/file', 'crc8'],
    ],
    async use(client: OpendalClient) {
      const path = `conformance/${randomUUID()}`
      await client.writeBytes(path, short)
      assert((await client.readBytes(path)).equals(short), `the content of ${path} is not what was written`)
      await client.delete(path)
    },
  } as const
  const suite = new Suite<OpendalClient>(definition, name, create, options)
  const { lacks, timeoutMs } = suite.options

  suite.describe(() => {
    suite.test('knows the facts about a file', async ({ client }) => {
      const path = 'conformance/a file, with “signs” in its name.bin'
      await client.writeBytes(path, short)
      assert(await client.exists(path), 'the written file does not exist')
      expect(await client.stat(path)).toMatchObject({ isFile: true, isDirectory: false, contentLength: short.length })
      expect(await client.hash(path)).toBe(createHash('sha256').update(short).digest('hex'))
      await client.delete(path)
      await client.delete(path)
      expect(await client.exists(path), 'the deleted file exists').toBe(false)
      const outcome = await outcomeOf('stat() of a deleted file', timeoutMs, client.stat(path))
      const message = `stat() of a deleted file has to end with ARGUMENT_INVALID; ${describeOutcome(outcome)}`
      assert(failedWith(outcome, 'ARGUMENT_INVALID'), message)
    })

    suite.test('says in capability() what it can do', async ({ client }) => {
      const can = await client.capability()
      const said = Object.fromEntries(abilities.map((ability) => [ability, can[ability]]))
      expect(said).toEqual(Object.fromEntries(abilities.map((ability) => [ability, lacks[ability] === undefined])))
    })

    for (const ability of ['copy', 'rename'] as const) {
      suite.test(
        `can ${ability} a file`,
        async ({ client }) => {
          const [from, to] = [`conformance/${randomUUID()}`, `conformance/${randomUUID()}`]
          await client.writeBytes(from, short)
          await client[ability](from, to)
          assert((await client.readBytes(to)).equals(short), `the content after ${ability}() is not what was written`)
          expect(await client.exists(from), 'the first file exists').toBe(ability === 'copy')
          await client.delete(from)
          await client.delete(to)
        },
        ability,
      )
    }

    suite.test(
      'lists files',
      async ({ client }) => {
        const paths = ['conformance/list/a', 'conformance/list/b']
        for (const path of paths) await client.writeBytes(path, short)
        expect(await Array.fromAsync(client.scan('conformance/list/'))).toEqual(expect.arrayContaining(paths))
        await client.removeAll('conformance/list/')
        expect(await client.exists(paths[0] ?? ''), 'a removed file exists').toBe(false)
      },
      'list',
    )

    suite.test(
      'makes folders, also twice',
      async ({ client }) => {
        for (let time = 0; time < 2; time++) await client.createDir('conformance/folder/')
        expect(await client.stat('conformance/folder/')).toMatchObject({ isFile: false, isDirectory: true })
        await client.removeAll('conformance/')
      },
      'createDir',
    )

    registerFileTests(suite, {
      readAbility: 'read',
      write: (client, source) => client.writeFile('conformance/large', source),
      read: (client, into) => client.readFile('conformance/large', into),
      content: testBytes(options.totalBytes ?? 10 * 1024 * 1024),
      shorter: short,
    })
    registerCommonTests(suite)
  })
}
