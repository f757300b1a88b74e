import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { ExporterStatus } from '../../../src/protocol/generated/jumpstarter/v1/common_pb.ts'
import { builtFile } from '../../support/built.ts'
import { type Certificates, createCertificates } from '../../support/certificates.ts'
import { labTree } from '../../support/controller/lab.ts'
import { connectTo, serveLab, startLabController, use } from '../../support/controller/serve-lab.ts'
import { leaseAtOnce, leaseManyTimes } from './many-leases.ts'

const localBoard = fileURLToPath(new URL('../../support/drivers/local-board.ts', import.meta.url))
let certificates: Certificates
beforeAll(async () => {
  certificates = await createCertificates()
})
afterAll(() => certificates.remove())

/** Starts a controller, and one exporter in its own process. */
async function startProcess(more: object = {}) {
  const lab = await startLabController(certificates, ['one'])
  const file = lab.writeExporter('one', more)
  const run = () =>
    execa(process.execPath, [builtFile('cli/main.js'), 'run', '--exporter-config', file], {
      reject: false,
      all: true,
      timeout: 100_000,
    })
  const exporter = run()
  await lab.areThere()
  return { ...lab, exporter, run }
}

describe('exporters of a controller', () => {
  test('an error that no call reports ends the lease, and the next lease works', { timeout: 60_000 }, async () => {
    const board = { type: `${localBoard}#LocalBoard`, config: { folder: certificates.folder } }
    const lab = await startProcess({ export: { ...labTree, board } })
    const lease = await lab.lease()
    const { connection } = await connectTo(lease)
    const hanging = connection.root.children['board']?.call('hang')
    await Promise.all([
      expect(hanging).rejects.toMatchObject({ code: 'EXPORTER_FAILED', origin: 'lab' }),
      connection.root.children['board']?.call('leave', 'forget'),
    ])
    await expect.poll(() => lab.state.leaseOf(lease.name).end, { timeout: 20_000 }).toBeDefined()
    await lease.release()
    const next = await lab.lease()
    await use(next)
    await next.release()
    lab.exporter.kill('SIGTERM')
    const { exitCode, all } = await lab.exporter
    expect(exitCode, all).toBe(143)
    expect(all).toContain(
      `lease ${lease.name}: an error in driver board (LocalBoard) that no call has caught: lost a promise`,
    )
    expect(
      readFileSync(join(certificates.folder, 'journal'), 'utf8').replaceAll(/\d+ /g, '').split('\n').slice(0, 5),
    ).toEqual(['start', 'relax', 'relax', 'end', 'start'])
  })

  test('are leased and reached again and again, and leave nothing behind', { timeout: 60_000 }, async () => {
    await leaseManyTimes(certificates, 10, 3)
  })

  test('are leased by 6 clients that take turns, and leave nothing behind', { timeout: 60_000 }, async () => {
    await leaseAtOnce(certificates, 6)
  })
})

describe('an exporter that registers', () => {
  test('is available at the controller, for the first time and again', { timeout: 60_000 }, async () => {
    const lab = await serveLab(certificates, ['one', 'two'])
    for (let n = 0; n < 3; n++) {
      await lab.restartExporters()
      await lab.areThere()
      // The controller still has the status of the exporter's last end until the exporter reports another one.
      const statuses = () => Array.from(lab.state.exporters.values(), ({ status }) => status)
      await expect.poll(statuses, { timeout: 10_000 }).toEqual([ExporterStatus.AVAILABLE, ExporterStatus.AVAILABLE])
    }
  })

  test('is leased again soon after a lease', { timeout: 60_000 }, async () => {
    const lab = await serveLab(certificates, ['one'])
    const times: number[] = []
    for (let n = 0; n < 10; n++) {
      const begin = performance.now()
      const lease = await lab.lease()
      await use(lease)
      times.push(performance.now() - begin)
      await lease.release()
    }
    const median = times.toSorted((one, other) => one - other)[5] ?? NaN
    console.log(`leased and used within ${median.toFixed(0)} ms (median of 10)`)
    // The aim is 400 ms on a machine that does nothing else; Jumpstarter's exporter takes 340 ms.
    expect(median).toBeLessThan(1_500)
  })
})

describe('a hook before the lease', () => {
  test('delays the lease, and its output is shown', { timeout: 60_000 }, async () => {
    const hooks = { beforeLease: { script: 'sleep 1; echo flashed' }, afterLease: { script: 'echo erased' } }
    const lab = await serveLab(certificates, ['one'], {}, { hooks })
    lab.lines.length = 0
    // The limit is for the wait for an exporter, and not for the hook.
    const lease = await lab.lease({}, 800)
    await use(lease)
    await lease.release()
    expect(lab.lines).toEqual(
      expect.arrayContaining(['waiting: exporter one runs its beforeLease hook', 'beforeLease: flashed']),
    )
    // The exporter, which runs in the same process, prints the line, too.
    expect(lab.lines.filter((line) => line === 'afterLease: erased')).toHaveLength(2)
  })

  test('that fails is the reason in the error of the lease', { timeout: 60_000 }, async () => {
    const hooks = { beforeLease: { script: 'sleep 0.2; echo no image; exit 3', onFailure: 'endLease' } }
    const lab = await serveLab(certificates, ['one'], {}, { hooks })
    await expect(lab.lease()).rejects.toMatchObject({
      code: 'HOOK_FAILED',
      origin: 'lab',
      message: expect.stringMatching(/^exporter one is not ready: .*beforeLease.*3/s),
    })
    await expect.poll(() => [...lab.state.leases.values()].map(({ end }) => end !== undefined)).toEqual([true])
  })
})

describe('a hook after the lease', () => {
  test('that fails is a warning for the client, too', { timeout: 60_000 }, async () => {
    const hooks = { afterLease: { script: 'exit 3', onFailure: 'warn' } }
    const lab = await serveLab(certificates, ['one'], {}, { hooks })
    const lease = await lab.lease()
    await lease.release()
    // The exporter, which runs in the same process, prints the line, too.
    const warnings = lab.lines.filter((line) => /^warning: .*afterLease hook .*3/.test(line))
    expect(warnings).toHaveLength(2)
  })
})

describe('an exporter, or its controller, that is restarted', () => {
  test('a call fails with the restart of the exporter as its reason', { timeout: 60_000 }, async () => {
    const lab = await startProcess()
    const lease = await lab.lease()
    const { power, serial } = await connectTo(lease)
    await serial.attach()
    await power.on()
    const waiting = serial.expect('nothing', { timeoutMs: 30_000 })
    waiting.catch(() => undefined)
    lab.exporter.kill('SIGKILL')
    const called = power.on()
    called.catch(() => undefined)
    await lab.exporter
    const again = lab.run()
    const message = /exporter one \(.*\) has been restarted while it was leased/
    await expect(called).rejects.toMatchObject({
      code: 'EXPORTER_FAILED',
      origin: 'lab',
      message: expect.stringMatching(message),
    })
    await expect(waiting).rejects.toMatchObject({
      code: 'EXPORTER_FAILED',
      origin: 'lab',
      message: expect.stringMatching(message),
    })
    await use(lease)
    await lease.release()
    again.kill('SIGTERM')
    expect(await again).toMatchObject({ exitCode: 143 })
  })

  test('leases and exporters outlast the controller', { timeout: 60_000 }, async () => {
    const lab = await serveLab(certificates, ['one', 'two'])
    const lease = await lab.lease()
    const { power } = await connectTo(lease)
    const restarted = lab.restart({ downMs: 1_000, refusesTokensMs: 2_000 })
    await power.on()
    await restarted
    await power.on()
    await lab.areThere()
    const another = await lab.lease()
    await use(another)
    await use(lease)
    const warnings = lab.lines.filter((line) => line.startsWith('warning: '))
    const repeated = [...Map.groupBy(warnings, (line) => line)].filter(([, lines]) => lines.length > 2)
    expect(repeated, 'warnings that one of the two exporters has printed twice').toEqual([])
    expect(lab.lines.join('\n')).toMatch(/^Status is open again, after \d+ failures$/m)
    await another.release()
    await lease.release()
    expect(lease.lost.aborted).toBe(false)
  })

  test('a controller that goes while a lease begins is waited for', { timeout: 60_000 }, async () => {
    const go = join(certificates.folder, 'go')
    const hooks = { beforeLease: { script: `until [ -e '${go}' ]; do sleep 0.05; done` } }
    const lab = await serveLab(certificates, ['one'], {}, { hooks })
    const leased = lab.lease()
    leased.catch(() => undefined)
    await vi.waitUntil(() => lab.lines.includes('waiting: exporter one runs its beforeLease hook'), { timeout: 10_000 })
    const restarted = lab.restart({ downMs: 500, refusesTokensMs: 2_000 })
    // The end of the hook cannot be reported for a while.
    writeFileSync(go, '')
    await restarted
    const lease = await leased
    await use(lease)
    await lease.release()
    expect(lab.state.leases.size).toBe(1)
    const reports = lab.lines.filter((line) => line.startsWith('warning: the controller was not told of'))
    expect(new Set(reports).size, 'a warning that was printed twice').toBe(reports.length)
  })

  test('an exporter that starts before its controller waits for it', { timeout: 60_000 }, async () => {
    const lab = await serveLab(certificates, ['one'], { refusesTokensTimes: 2 })
    await use(await lab.lease())
    const warnings = lab.lines.filter((line) => line.startsWith('warning: the exporter is registered again in a while'))
    expect(warnings).toHaveLength(1)
    expect(lab.lines.join('\n')).toMatch(/^the exporter is registered, after 2 failures$/m)
  })
})
