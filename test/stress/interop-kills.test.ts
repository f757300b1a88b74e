import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { rm, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { connect, type Connection, type DriverClient, type PowerClient } from '../../src/clients/index.ts'
import { HardwareError } from '../../src/index.ts'
import { type Certificates, createCertificates } from '../support/certificates.ts'
import {
  type Activity,
  activities,
  allAtWork,
  collectInPython,
  labelOf,
  nothingAtWork,
  performAll,
  performInPython,
  type PythonOutcome,
} from '../interop/support/activities.ts'
import type { Flashing } from '../interop/support/drivers.ts'
import { writeExporterFile } from '../interop/support/exporter-file.ts'
import { type RunningExporter, startOurs, startTheirs, type Transport } from '../interop/support/exporters.ts'
import { processTree } from '../interop/support/memory.ts'
import { alive, killTree, openSockets } from '../interop/support/processes.ts'
import { PythonClient, pythonMissing } from '../interop/support/python.ts'
import { createSurroundings } from '../interop/support/surroundings.ts'

/** The aim is 2 s; a machine that does much else at the same time may need longer. */
const limitMs = 10_000

const missing = pythonMissing()

describe.skipIf(missing !== undefined)(`killing${missing === undefined ? '' : ` (${missing})`}`, () => {
  let surroundings: Awaited<ReturnType<typeof createSurroundings>>
  let certificates: Certificates
  /** An image that takes minutes to flash, and no room on the disk. */
  let image: string
  beforeAll(async () => {
    surroundings = await createSurroundings()
    certificates = await createCertificates()
    image = join(surroundings.folder, 'endless.img')
    await writeFile(image, '')
    await truncate(image, 2 ** 30)
  })
  afterAll(async () => {
    await certificates.remove()
    await surroundings[Symbol.asyncDispose]()
  })

  const start = (side: 'ours' | 'theirs', transport: Transport): Promise<RunningExporter> => {
    const file = writeExporterFile(surroundings, side)
    return side === 'ours' ? startOurs(file, transport, certificates) : startTheirs(file, transport, certificates)
  }

  function connectTo({ endpoint: { address, ...security } }: RunningExporter): Promise<Connection> {
    return connect(address, { ...security, name: 'bench' })
  }

  /** The activity of an exporter's drivers, as another client sees it. */
  async function atWork({ root }: Connection): Promise<object> {
    const { running } = (await (root.children['hashing'] as DriverClient).call('flashing')) as Flashing
    return { ...((await (root.children['probe'] as DriverClient).call('running')) as object), flashing: running }
  }

  async function untilAllAtWork(exporter: RunningExporter): Promise<void> {
    const observer = await connectTo(exporter)
    const check = async () => expect(await atWork(observer)).toEqual(allAtWork)
    await vi.waitFor(check, { timeout: 30_000, interval: 20 })
    observer.close()
  }

  /** Kills an exporter that is at work, or tells it to end. */
  async function kill(exporter: RunningExporter, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    if (signal === 'SIGTERM') {
      exporter.process.kill(signal)
      return
    }
    const killed = killTree(exporter.process.pid ?? 0)
    await vi.waitFor(() => expect(alive(killed)).toEqual([]), { timeout: limitMs })
    // Nobody else is there to do it. It is never used again, so it hinders no later exporter.
    if (!exporter.endpoint.address.includes(':')) {
      await rm(dirname(exporter.endpoint.address), { recursive: true, force: true })
    }
  }

  describe.each([
    ['SIGKILL', 'ours', 'unix socket'],
    ['SIGKILL', 'ours', 'TCP'],
    ['SIGKILL', 'theirs', 'unix socket'],
    ['SIGKILL', 'theirs', 'TCP'],
    ['SIGTERM', 'ours', 'TCP'],
    ['SIGTERM', 'theirs', 'TCP'],
  ] as const)('%s of the exporter under our client: %s, %s', (signal, side, transport) => {
    interface Outcome {
      readonly error: unknown
      readonly ms: number
    }
    const outcomes = new Map<Activity, Outcome>()

    beforeAll(async () => {
      await using exporter = await start(side, transport)
      const connection = await connectTo(exporter)
      let killed = 0
      const ended = Array.from(performAll(connection.root, image), async ([activity, work]) => {
        const error: unknown = await work.catch((failure: unknown) => failure)
        outcomes.set(activity, { error, ms: Math.round(performance.now() - killed) })
      })
      await untilAllAtWork(exporter)
      killed = performance.now()
      await kill(exporter, signal)
      await Promise.race([Promise.all(ended), once(AbortSignal.timeout(limitMs), 'abort')])
      connection.close()
      console.log(
        `${signal}, ${side}, ${transport}: errors after ${[...outcomes.values()].map(({ ms }) => ms).join(', ')} ms`,
      )
    })

    test.each(activities)('%s: the error names the exporter and what was going on', (activity) => {
      const { error, ms = Infinity } = outcomes.get(activity) ?? {}
      expect(error).toBeInstanceOf(HardwareError)
      expect(error).toMatchObject({ code: 'CONNECTION_LOST', origin: 'wire' })
      expect((error as HardwareError).message).toMatch(
        new RegExp(`^${labelOf[activity]}: lost the connection to exporter bench \\(.+\\) \\(.+\\)$`),
      )
      expect(ms).toBeLessThan(limitMs)
    })
  })

  test('SIGKILL of the exporter under their client: ours', async () => {
    await using exporter = await start('ours', 'unix socket')
    await using python = await PythonClient.connect(exporter.endpoint)
    await python.run(performInPython, { image })
    await untilAllAtWork(exporter)
    const killed = Date.now()
    await kill(exporter)
    const outcomes = await python.run<Record<Activity, PythonOutcome>>(collectInPython)
    const times = Object.entries(outcomes).map(
      ([activity, { error, time }]) => `${activity} ${error} ${Math.round(time - killed)}`,
    )
    console.log(`ours under their client: errors after ${times.join(', ')} ms`)
    for (const activity of activities) {
      expect(outcomes[activity], activity).toMatchObject({ error: expect.any(String) })
      expect(outcomes[activity].time - killed, activity).toBeLessThan(limitMs)
    }
  })

  describe('SIGKILL of the client', () => {
    /** Starts a client that is at work. @returns what kills it */
    async function startClient(side: 'ours' | 'theirs', { endpoint }: RunningExporter): Promise<() => Promise<void>> {
      if (side === 'theirs') {
        const python = await PythonClient.connect(endpoint)
        await python.run(performInPython, { image })
        return async () => {
          killTree(python.process.pid ?? 0)
          await python[Symbol.asyncDispose]()
        }
      }
      const program = join(import.meta.dirname, '../interop/support/busy-client.ts')
      const child = execa(process.execPath, [program, endpoint.address, image], { reject: false })
      return async () => {
        killTree(child.pid ?? 0)
        await child
      }
    }

    test.each([
      ['ours', 'ours'],
      ['theirs', 'ours'],
      ['ours', 'theirs'],
    ] as const)('%s on an exporter: %s', async (client, side) => {
      await using exporter = await start(side, 'unix socket')
      const processes = processTree(exporter.process.pid ?? 0)
      const observer = await connectTo(exporter)
      const hashing = observer.root.children['hashing'] as DriverClient
      await atWork(observer)
      const before = openSockets(processes)
      const killClient = await startClient(client, exporter)
      await untilAllAtWork(exporter)
      expect(openSockets(processes)).toBeGreaterThan(before)

      const killed = performance.now()
      await killClient()
      await expect.poll(() => atWork(observer), { timeout: limitMs, interval: 20 }).toEqual(nothingAtWork)
      console.log(`${client} on ${side}: nothing at work after ${Math.round(performance.now() - killed)} ms`)
      // The driver knows that the file was cut short, and takes nothing for complete.
      const broken = async () => ((await hashing.call('flashing')) as Flashing).broken
      const reason = { ours: /^The client has closed the stream before its end$/, theirs: /./ }[side]
      await expect.poll(broken, { timeout: limitMs }).toEqual([expect.stringMatching(reason)])
      expect((await hashing.call('flashed')) ?? {}).toEqual({})
      await expect.poll(() => openSockets(processes), { timeout: limitMs }).toBeLessThanOrEqual(before)

      const another = await connectTo(exporter)
      await (another.root.children['power'] as PowerClient).on()
      another.close()
      observer.close()
      await exporter[Symbol.asyncDispose]()
      expect(alive(processes)).toEqual([])
      // Theirs leaves its socket behind when a signal ends it.
      expect(side === 'ours' && existsSync(dirname(exporter.endpoint.address))).toBe(false)
    })
  })
})
