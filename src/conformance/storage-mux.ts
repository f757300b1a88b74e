import { expect } from 'vitest'

import { StorageMuxClient } from '../clients/drivers/storage-mux-client.ts'
import { StorageMux } from '../interfaces/storage-mux.ts'
import { registerCommonTests } from './common-tests.ts'
import type { ConformanceOptions, CreateDriver, TestedDriver } from './device.ts'
import { testBytes } from './echo.ts'
import { registerFileTests } from './file-tests.ts'
import { Suite } from './suite.ts'

/** The size of the default image: 10 MiB. */
const imageBytes = 10 * 1024 * 1024

/** The size of the image of a short use. */
const shortImageBytes = 65_536

/** The sides of a storage multiplexer. */
export type StorageSide = 'host' | 'dut' | 'off'

/** A storage multiplexer to be tested, with its real part. */
export interface TestedStorageMux extends TestedDriver {
  /** Tells the position of the real switch, by another way than the driver. */
  side?(): StorageSide | Promise<StorageSide>
}

/** Options of {@link describeStorageMux}. A storage that cannot be read back lacks `read`. */
export interface StorageMuxConformance extends ConformanceOptions<'read'> {
  /** The number of bytes that are written to the storage and read back (default 10 MiB). */
  readonly totalBytes?: number | undefined
}

/**
 * Tests a driver of the interface `StorageMux`: every position, also twice, images there and back, and everything else that every
 * driver has to stand. The storage loses its content.
 *
 * @param name the name of the driver in titles and reports
 */
export function describeStorageMux(
  name: string,
  create: CreateDriver<TestedStorageMux>,
  options: StorageMuxConformance = {},
): void {
  const short = testBytes(shortImageBytes)
  const definition = {
    kind: 'storage multiplexer',
    contract: StorageMux,
    Client: StorageMuxClient,
    usesAtOnce: 4,
    badCalls: [
      ['write', 'no handle'],
      ['read', { kind: 'client_stream', uuid: 'unknown' }],
      ['host', 1, 2, 3],
    ],
    async use(client: StorageMuxClient) {
      await client.host()
      await client.write(short)
      await client.dut()
    },
  } as const
  const suite = new Suite<StorageMuxClient, TestedStorageMux>(definition, name, create, options)

  suite.describe(() => {
    suite.test('switches to every side, also twice', async ({ client, device }) => {
      for (const side of ['host', 'host', 'dut', 'dut', 'off', 'off', 'host', 'off'] as const) {
        const result = await client.call(side)
        expect(result ?? undefined, `the result of ${side}()`).toBeUndefined()
        expect((await device.side?.()) ?? side, `the side of the real switch after ${side}()`).toBe(side)
      }
    })

    registerFileTests(suite, {
      readAbility: 'read',
      async write(client, source) {
        await client.host()
        await client.write(source)
      },
      read: (client, into) => client.read(into),
      content: testBytes(options.totalBytes ?? imageBytes),
      shorter: short,
    })
    registerCommonTests(suite)
  })
}
