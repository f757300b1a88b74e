import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'

import { PowerClient } from '../../../src/clients/index.ts'
import { connect } from '../../../src/index.ts'
import { driverTypes } from '../../../src/drivers/types.ts'
import { loadClientConfig } from '../../../src/leases/controller/client-config.ts'
import { type ControllerLease, leaseFromController } from '../../../src/leases/controller/controller-lease.ts'
import { loadExporter } from '../../../src/runtime/exporter.ts'
import { serveFleet } from '../../../src/runtime/fleet/serve-fleet.ts'
import { type Certificates, createCertificates } from '../../support/certificates.ts'
import { startController } from '../../support/controller/start.ts'

const names = ['one', 'two', 'three']

let certificates: Certificates
beforeAll(async () => {
  certificates = await createCertificates()
})
afterAll(() => certificates.remove())

/** A fleet of our exporters, in this process, and what leases one of them. */
async function startFleet() {
  const controller = await startController({
    certificates,
    clients: ['ci'],
    exporters: Object.fromEntries(names.map((name) => [name, { board: 'uno' }])),
  })
  const lines: string[] = []
  const print = (line: string) => lines.push(line)
  const stop = new AbortController()
  const power = { type: 'jumpstarter_driver_power.driver.MockPower' }
  const serving = names.map(async (name) => {
    const file = join(certificates.folder, `${name}.yaml`)
    writeFileSync(file, controller.exporterConfig(name, { export: { power } }))
    const exporter = await loadExporter(file, driverTypes)
    const { controller: endpoint } = exporter
    if (endpoint === undefined) throw new Error('the file names no controller')
    await serveFleet(exporter, { endpoint, print, signal: stop.signal })
  })
  const clientFile = join(certificates.folder, 'ci.yaml')
  writeFileSync(clientFile, controller.clientConfig('ci'))
  const config = await loadClientConfig({ file: clientFile }, {})
  onTestFinished(async () => {
    stop.abort()
    await Promise.all(serving)
    await controller[Symbol.asyncDispose]()
  })
  const exporters = [...controller.state.exporters.values()]
  await vi.waitUntil(() => exporters.every(({ streams, status }) => streams === 1 && status !== 0), { timeout: 10_000 })
  return {
    ...controller,
    lines,
    lease: () =>
      leaseFromController({
        config,
        lease: { selector: 'board=uno' },
        durationMs: 60_000,
        maxDurationMs: 600_000,
        print,
      }),
  }
}

async function use({ endpoint: { address } }: ControllerLease): Promise<void> {
  const connection = await connect(address)
  try {
    const power = connection.root.children['power']
    if (!(power instanceof PowerClient)) throw new Error('there is no power')
    await power.on()
    expect(await Array.fromAsync(power.read())).not.toEqual([])
  } finally {
    connection.close()
  }
}

/** How many sockets this process has, those of the fleet among them. */
const handles = () =>
  process.getActiveResourcesInfo().filter((name) => name === 'PipeWrap' || name === 'TCPSocketWrap').length

describe('a fleet of our exporters', () => {
  test('is leased and reached soon, many times, and nothing is left', { timeout: 120_000 }, async () => {
    const fleet = await startFleet()
    // What is loaded, or connected, once for all.
    for (let n = 0; n < names.length; n++) await (await fleet.lease()).release()
    const before = handles()
    const times: number[] = []
    for (let n = 0; n < 30; n++) {
      const begin = performance.now()
      const lease = await fleet.lease()
      times.push(performance.now() - begin)
      if (n % 10 === 0) await use(lease)
      await lease.release()
    }
    const median = times.toSorted((one, other) => one - other)[15]
    console.log(`leased and connected within ${median?.toFixed(0)} ms (median of 30)`)
    await expect.poll(() => fleet.router.tunnels, { timeout: 10_000 }).toBe(0)
    await expect.poll(handles, { timeout: 10_000 }).toBeLessThanOrEqual(before)
  })

  test('is leased by many at once, who take turns, and nothing is left', { timeout: 120_000 }, async () => {
    const fleet = await startFleet()
    for (let n = 0; n < names.length; n++) await (await fleet.lease()).release()
    const before = handles()
    const users = Array.from({ length: 12 }, async () => {
      const lease = await fleet.lease()
      try {
        await use(lease)
        return lease.exporter.name
      } finally {
        await lease.release()
      }
    })
    expect(new Set(await Promise.all(users))).toEqual(new Set(names))
    expect([...fleet.state.leases.values()].filter(({ end }) => end === undefined)).toEqual([])
    await expect.poll(() => fleet.router.tunnels, { timeout: 10_000 }).toBe(0)
    await expect.poll(handles, { timeout: 10_000 }).toBeLessThanOrEqual(before)
  })

  test('is out of reach for a moment when the router goes, and then reached again', { timeout: 60_000 }, async () => {
    const fleet = await startFleet()
    const lease = await fleet.lease()
    await use(lease)
    const connection = await connect(lease.endpoint.address)
    fleet.router.cut()
    const { power } = connection.root.children
    if (!(power instanceof PowerClient)) throw new Error('there is no power')
    await expect(power.on()).rejects.toMatchObject({ origin: 'wire' })
    connection.close()
    await use(lease)
    await lease.release()
  })
})
