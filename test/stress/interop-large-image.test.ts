import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { beforeAll, describe, expect, test } from 'vitest'

import { connect, SerialClient } from '../../src/clients/index.ts'
import { writeExporterFile } from '../interop/support/exporter-file.ts'
import { startOurs, startTheirs } from '../interop/support/exporters.ts'
import { contentEncoding, encodings, type Image, makeImage } from '../interop/support/images.ts'
import { peakMemory } from '../interop/support/memory.ts'
import { PythonClient, pythonMissing } from '../interop/support/python.ts'
import { useSurroundings } from '../interop/support/use-surroundings.ts'

const length = 100 * 1024 * 1024
const maxMemoryMiB = 300

const missing = pythonMissing()

describe.skipIf(missing !== undefined)(`100 MiB${missing === undefined ? '' : ` (${missing})`}`, () => {
  const shared = useSurroundings()

  describe.each(encodings)('compressed with %s', { timeout: 300_000 }, (encoding) => {
    let image: Image
    beforeAll(async () => {
      image = await makeImage(shared.surroundings.folder, length, encoding)
    }, 300_000)

    test('from their client to our exporter, whose console stays live', async () => {
      await using exporter = await startOurs(
        writeExporterFile(shared.surroundings, 'ours'),
        'unix socket',
        shared.certificates,
      )
      await using python = await PythonClient.connect(exporter.endpoint)
      const connection = await connect(exporter.endpoint.address)
      const serial = connection.root.children['loop'] as SerialClient
      const quiet = await echoTimes(serial, delay(1_000))
      const flashing = python.run(
        'client.hashing.flash(path, compression=compression); result = client.hashing.call("flashed")',
        { path: image.path, compression: contentEncoding(encoding) },
      )
      const busy = await echoTimes(serial, flashing)
      connection.close()
      expect(await flashing).toEqual({ sha256: image.sha256, length })
      const memory = { exporter: peakMemory(exporter.process.pid ?? 0), python: peakMemory(python.process.pid ?? 0) }
      console.log(`${encoding}: console p99 ${p99(busy)} ms (quiet ${p99(quiet)} ms), ${JSON.stringify(memory)} MiB`)
      expect(memory.exporter).toBeLessThan(maxMemoryMiB)
      expect(memory.python).toBeLessThan(maxMemoryMiB)
      // The aim is 50 ms; a machine that does much else at the same time may need longer.
      expect(p99(busy)).toBeLessThan(250)
    })

    test('from our client to their exporter', async () => {
      await using exporter = await startTheirs(
        writeExporterFile(shared.surroundings, 'theirs'),
        'unix socket',
        shared.certificates,
      )
      const program = join(import.meta.dirname, '../interop/support/flash.ts')
      const { stdout } = await execa(process.execPath, [program, exporter.endpoint.address, image.path, encoding])
      const { flashed, peakMiB } = JSON.parse(stdout) as { flashed: unknown; peakMiB: number }
      expect(flashed).toEqual({ sha256: image.sha256, length })
      const memory = { exporter: peakMemory(exporter.process.pid ?? 0), client: peakMiB }
      console.log(`${encoding}: ${JSON.stringify(memory)} MiB`)
      expect(memory.exporter).toBeLessThan(maxMemoryMiB)
      expect(memory.client).toBeLessThan(maxMemoryMiB)
    })
  })

  /** Measures echoes on a console, in milliseconds, until something has ended. */
  async function echoTimes(serial: SerialClient, until: Promise<unknown>): Promise<number[]> {
    const stream = await serial.connect()
    const times: number[] = []
    const ended = new AbortController()
    const end = () => ended.abort()
    until.then(end, end)
    while (!ended.signal.aborted) {
      const sent = performance.now()
      stream.write('x')
      await once(stream, 'data', { signal: AbortSignal.timeout(20_000) })
      times.push(performance.now() - sent)
      await delay(10)
    }
    stream.destroy()
    return times
  }

  function p99(times: readonly number[]): number {
    return Math.round(times.toSorted((one, other) => one - other)[Math.floor(times.length * 0.99)] ?? 0)
  }
})
