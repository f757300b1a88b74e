import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'

import { DriverClient, PowerClient, SerialClient } from '../../../src/clients/index.ts'
import { connect } from '../../../src/index.ts'
import { driverTypes } from '../../../src/drivers/types.ts'
import { loadClientConfig } from '../../../src/leases/controller/client-config.ts'
import { type ControllerLease, leaseFromController } from '../../../src/leases/controller/controller-lease.ts'
import { loadExporter } from '../../../src/runtime/exporter.ts'
import { serveFleet } from '../../../src/runtime/fleet/serve-fleet.ts'
import { type Certificates, createCertificates } from '../../support/certificates.ts'
import { areRegistered, fleetTree } from '../../support/controller/fleet-project.ts'
import { type ControllerOptions, startController } from '../../support/controller/start.ts'
import { countHandles } from '../../support/handles.ts'

/** Before anything else is made. */
const handles = countHandles()
const main = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url))

let certificates: Certificates
beforeAll(async () => {
  certificates = await createCertificates()
})
afterAll(() => certificates.remove())

/** A controller, and what leases an exporter of it. */
async function startDouble(names: readonly string[], options: Partial<ControllerOptions> = {}) {
  const controller = await startController({
    certificates,
    clients: ['ci'],
    exporters: Object.fromEntries(names.map((name) => [name, { board: 'uno' }])),
    ...options,
  })
  onTestFinished(() => controller[Symbol.asyncDispose]())
  const lines: string[] = []
  const print = (line: string) => lines.push(line)
  const clientFile = join(certificates.folder, 'ci.yaml')
  writeFileSync(clientFile, controller.clientConfig('ci'))
  const config = await loadClientConfig({ file: clientFile }, {})
  const writeExporter = (name: string, more: object = {}): string => {
    const file = join(certificates.folder, `${name}.yaml`)
    writeFileSync(file, controller.exporterConfig(name, { export: fleetTree, ...more }))
    return file
  }
  const areThere = () => areRegistered(controller.state, names)
  const lease = (more: { readonly dialTimeoutMs?: number } = {}, waitSignal?: AbortSignal) =>
    leaseFromController({ config: { ...config, ...more }, lease: { selector: 'board=uno' }, print, waitSignal })
  return { ...controller, lines, print, lease, writeExporter, areThere }
}

/** A fleet of our exporters, in this process. */
async function startFleet(names: readonly string[], options?: Partial<ControllerOptions>, more?: object) {
  const double = await startDouble(names, options)
  const stop = new AbortController()
  const serving = names.map(async (name) => {
    const exporter = await loadExporter(double.writeExporter(name, more), driverTypes)
    const { controller: endpoint } = exporter
    if (endpoint === undefined) throw new Error('the file names no controller')
    await serveFleet(exporter, { endpoint, print: double.print, signal: stop.signal })
  })
  onTestFinished(async () => {
    stop.abort()
    await Promise.all(serving)
  })
  await double.areThere()
  return double
}

/** One exporter in a process of its own. */
async function startProcess() {
  const double = await startDouble(['one'])
  const file = double.writeExporter('one')
  const run = () =>
    execa(process.execPath, [main, 'run', '--exporter-config', file], { reject: false, all: true, timeout: 100_000 })
  const exporter = run()
  await double.areThere()
  return { ...double, exporter, run }
}

async function connectTo({ endpoint: { address, ...options } }: ControllerLease) {
  const connection = await connect(address, options)
  onTestFinished(() => connection.close())
  const { power, console: serial } = connection.root.children
  if (!(power instanceof PowerClient && serial instanceof SerialClient)) throw new Error('a driver is missing')
  return { connection, power, serial }
}

async function use(lease: ControllerLease): Promise<void> {
  const { connection, power } = await connectTo(lease)
  await power.on()
  expect(await Array.fromAsync(power.read())).not.toEqual([])
  connection.close()
}

describe('a fleet of our exporters', () => {
  const many = Array.from({ length: 12 }, (_, n) => `exporter-${n}`)

  test('is leased and reached soon, 200 times, and nothing is left', { timeout: 240_000 }, async () => {
    const fleet = await startFleet(many)
    // What is loaded, or connected, once for all.
    for (let n = 0; n < 2 * many.length; n++) await (await fleet.lease()).release()
    await delay(2_000)
    const before = await handles()
    const times: number[] = []
    for (let n = 0; n < 200; n++) {
      const begin = performance.now()
      const lease = await fleet.lease()
      times.push(performance.now() - begin)
      if (n % 10 === 0) await use(lease)
      await lease.release()
    }
    const sorted = times.toSorted((one, other) => one - other)
    console.log(
      `leased and connected within ${sorted[100]?.toFixed(0)} ms (median of 200), ${sorted[198]?.toFixed(0)} (p99)`,
    )
    // Python's client looks every five seconds.
    expect(sorted[100]).toBeLessThan(1_000)
    await expect.poll(() => fleet.router.tunnels, { timeout: 10_000 }).toBe(0)
    await expectNothingMore(before)
    expect([...fleet.state.leases.values()].filter(({ end }) => end === undefined)).toEqual([])
  })

  test('is leased by 20 at once, who take turns, and nothing is left', { timeout: 120_000 }, async () => {
    const names = ['one', 'two', 'three']
    const fleet = await startFleet(names)
    for (const _ of names) await (await fleet.lease()).release()
    await delay(2_000)
    const before = await handles()
    const users = Array.from({ length: 20 }, async () => {
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
    await expectNothingMore(before)
  })
})

describe('a hook before the lease', () => {
  test('is waited for, and what it printed is shown', { timeout: 60_000 }, async () => {
    const hooks = { beforeLease: { script: 'sleep 1; echo flashed' }, afterLease: { script: 'echo erased' } }
    const fleet = await startFleet(['one'], {}, { hooks })
    fleet.lines.length = 0
    // It is the wait for an exporter that has a limit here, and not its hook.
    const lease = await fleet.lease({}, AbortSignal.timeout(800))
    await use(lease)
    await lease.release()
    expect(fleet.lines).toEqual(
      expect.arrayContaining(['waiting: exporter one runs its beforeLease hook', 'beforeLease: flashed']),
    )
    // The exporter, in the same process, prints it, too.
    expect(fleet.lines.filter((line) => line === 'afterLease: erased')).toHaveLength(2)
  })

  test('that fails is the reason why there is no lease', { timeout: 60_000 }, async () => {
    const hooks = { beforeLease: { script: 'sleep 0.2; echo no image; exit 3', onFailure: 'endLease' } }
    const fleet = await startFleet(['one'], {}, { hooks })
    await expect(fleet.lease()).rejects.toMatchObject({
      code: 'HOOK_FAILED',
      origin: 'lab',
      message: expect.stringMatching(/^exporter one is not ready: .*beforeLease.*3/s),
    })
    await expect.poll(() => [...fleet.state.leases.values()].map(({ end }) => end !== undefined)).toEqual([true])
  })
})

/** Of no kind more than before, in a while: what has ended may take a moment to be gone. */
async function expectNothingMore(before: Readonly<Record<string, number>>): Promise<void> {
  const more = async () => {
    const now = Object.entries(await handles())
    return now.filter(([kind, count]) => count > (before[kind] ?? 0)).map(([kind, count]) => `${kind}: ${count}`)
  }
  console.log(`handles: ${JSON.stringify(before)} before, ${JSON.stringify(await handles())} after`)
  await expect.poll(more, { timeout: 20_000, interval: 500 }).toEqual([])
}

describe('a tunnel that is lost', () => {
  test('is made again: calls that may be made twice are, and consoles go on', { timeout: 60_000 }, async () => {
    const fleet = await startFleet(['one'])
    const lease = await fleet.lease()
    const { connection, power, serial } = await connectTo(lease)
    await serial.attach()
    await serial.send('before')
    await serial.expect('before')
    const back = fleet.router.goDown(1_000)
    await power.on()
    await serial.send('after')
    await serial.expect('after')
    expect(serial.all).toBe('beforeafter')
    await back
    fleet.router.cut()
    // Nobody knows whether that was done.
    const plain = new DriverClient({ ...power.node, contract: undefined })
    await expect(plain.call('on')).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      origin: 'wire',
      message: expect.stringMatching(/^power\.on: the connection to exporter one .* is there again, but nobody knows/),
    })
    await plain.call('on')
    connection.close()
    await lease.release()
  })

  test('is waited for no longer than the call may take, or is tried', { timeout: 60_000 }, async () => {
    const fleet = await startFleet(['one'])
    const lease = await fleet.lease({ dialTimeoutMs: 5_000 })
    const { power } = await connectTo(lease)
    const back = fleet.router.goDown(8_000)
    await expect(power.with({ timeoutMs: 500 }).on()).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
      origin: 'lab',
      message: expect.stringMatching(/^power\.on: the connection to exporter one .* was lost, and not there again/),
    })
    await expect(power.with({ timeoutMs: 30_000 }).on()).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      origin: 'lab',
      message: expect.stringMatching(/could not be reached again within 5000 ms/),
    })
    await back
    await power.on()
    await lease.release()
  })

  test('that cannot be had at first is one more reason to lease another', { timeout: 60_000 }, async () => {
    const fleet = await startFleet(['one', 'two'])
    const back = fleet.router.goDown(1_500)
    const lease = await fleet.lease()
    await back
    await use(lease)
    await lease.release()
    expect(fleet.lines.join('\n')).toMatch(/warning: another exporter is leased: Cannot connect to exporter/)
    expect([...fleet.state.leases.values()].filter(({ end }) => end === undefined)).toEqual([])
  })

  test('is lost for good with its lease, and the reason is said soon', { timeout: 60_000 }, async () => {
    const fleet = await startFleet(['one'])
    const lease = await fleet.lease()
    await use(lease)
    const known = fleet.state.leaseOf(lease.name)
    const { serial } = await connectTo(lease)
    await serial.attach()
    const waiting = serial.expect('nothing', { timeoutMs: 30_000 })
    waiting.catch(() => undefined)
    fleet.state.release(known)
    await vi.waitUntil(() => lease.lost.aborted, { timeout: 10_000 })
    expect(lease.lost.reason).toMatchObject({
      code: 'LEASE_LOST',
      origin: 'lab',
      message: `Lease ${known.name} has ended: The lease was released (Released)`,
    })
    await lease.release()
    await expect(waiting).rejects.toMatchObject({ code: 'CONSOLE_CLOSED' })
  })
})

describe('an exporter, or its controller, that is restarted', () => {
  test('a call says that the exporter was', { timeout: 60_000 }, async () => {
    const fleet = await startProcess()
    const lease = await fleet.lease()
    const { power, serial } = await connectTo(lease)
    await serial.attach()
    await power.on()
    const waiting = serial.expect('nothing', { timeoutMs: 30_000 })
    waiting.catch(() => undefined)
    fleet.exporter.kill('SIGKILL')
    const called = power.on()
    called.catch(() => undefined)
    await fleet.exporter
    const again = fleet.run()
    const message = /exporter one \(.*\) has been restarted while it was leased/
    await expect(called).rejects.toMatchObject({
      code: 'EXPORTER_FAILED',
      origin: 'lab',
      message: expect.stringMatching(message),
    })
    await expect(waiting).rejects.toMatchObject({
      code: 'CONSOLE_CLOSED',
      origin: 'lab',
      message: expect.stringMatching(message),
    })
    await use(lease)
    await lease.release()
    again.kill('SIGTERM')
    expect(await again).toMatchObject({ exitCode: 143 })
  })

  test('leases and exporters outlast the controller', { timeout: 60_000 }, async () => {
    const fleet = await startFleet(['one', 'two'])
    const lease = await fleet.lease()
    const { power } = await connectTo(lease)
    const restarted = fleet.restart({ downMs: 1_000, refusesTokensMs: 2_000 })
    await power.on()
    await restarted
    await power.on()
    await fleet.areThere()
    const another = await fleet.lease()
    await use(another)
    await use(lease)
    await another.release()
    await lease.release()
    expect(lease.lost.aborted).toBe(false)
  })

  test('an exporter that starts before its controller does waits for it', { timeout: 60_000 }, async () => {
    const fleet = await startFleet(['one'], { refusesTokensMs: 2_000 })
    await use(await fleet.lease())
    expect(fleet.lines.join('\n')).toContain('warning: the exporter is registered again in a while')
  })
})
