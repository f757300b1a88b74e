import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { type Certificates, createCertificates } from '../support/certificates.ts'
import { startFleet } from '../support/controller/fleet-project.ts'
import { config, createProject } from '../support/project.ts'

const timeout = 90_000

let certificates: Certificates
beforeAll(async () => {
  certificates = await createCertificates()
})
afterAll(() => certificates.remove())

const header = `
import { needs } from 'vitest-hardware'
import { PowerClient, SerialClient } from 'vitest-hardware/clients'
import { writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
const drivers = { power: PowerClient, console: SerialClient }
const test = needs({ dut: { selector: 'board=uno', drivers } })
`
/** Uses its board for a while. */
const works = (ms: number) => `${header}
test('works', { timeout: 60_000 }, async ({ dut }) => {
  try {
    for (let n = 0, begin = Date.now(); Date.now() - begin < ${ms}; n++) {
      await dut.power.on()
      await dut.console.sendLine('line ' + n)
      await dut.console.expect('line ' + n + '\\r')
      writeFileSync('begun', '')
      await delay(50)
    }
  } catch (error) {
    writeFileSync('failure.json', JSON.stringify({ code: error.code, origin: error.origin }))
    throw error
  }
})`

const project = (files: Readonly<Record<string, string>>, controller: object, more: object = {}) =>
  createProject('Vitest 5', { ...files, 'vitest.config.js': config({ controller, ...more }) })
type Project = Awaited<ReturnType<typeof project>>
const failure = ({ folder }: Project): unknown => JSON.parse(readFileSync(join(folder, 'failure.json'), 'utf8'))
const hasBegun = ({ folder }: Project) => vi.waitUntil(() => existsSync(join(folder, 'begun')), { timeout: 30_000 })

describe('what goes wrong in the middle of a run', { timeout }, () => {
  test('a router that is gone for a while, and a controller that is restarted, are waited for', async () => {
    const fleet = await startFleet({ certificates, ours: { one: { board: 'uno' } } })
    await using files = await project({ 'a.test.js': works(9_000) }, { clientConfig: fleet.clientFile })
    const run = files.start(['run'])
    await hasBegun(files)
    await fleet.router.goDown(1_500)
    await delay(500)
    await fleet.restart({ downMs: 1_000, refusesTokensMs: 1_500 })
    const { exitCode, all } = await run
    expect(exitCode, all).toBe(0)
    expect(all).toContain('[one] warning: The tunnel through the router')
    expect(fleet.reasons()).toEqual(['Released'])
  })

  test('an exporter that is restarted fails the test that used it, and serves the next', async () => {
    const fleet = await startFleet({ certificates, ours: { one: { board: 'uno' } } })
    await using files = await project(
      { 'a.test.js': works(20_000), 'b.test.js': works(100) },
      { clientConfig: fleet.clientFile },
    )
    const run = files.start(['run', '--fileParallelism=false', '--sequence.shuffle=false'])
    await hasBegun(files)
    await fleet.restartExporter('one')
    const { exitCode, all } = await run
    expect(exitCode, all).toBe(1)
    expect(all).toMatch(/HardwareError: .*exporter one \(.*\) has been restarted while it was leased/)
    expect(failure(files)).toEqual({
      code: expect.stringMatching(/^(?:EXPORTER_FAILED|CONSOLE_CLOSED)$/),
      origin: 'lab',
    })
    expect(all).toMatch(/Tests\s+1 failed \| 1 passed/)
    expect(fleet.reasons()).toEqual(['Released', 'Released'])
  })

  test('a token that expires fails the test when the lease cannot be extended any more', async () => {
    const ours = { one: { board: 'uno' } }
    const fleet = await startFleet({ certificates, ours, tokenLifetimeMs: 4_000 })
    await using files = await project(
      { 'a.test.js': works(30_000) },
      { clientConfig: fleet.clientFile, durationMs: 6_000 },
    )
    const { code, output } = await files.vitest(['run'])
    expect(code, output).toBe(1)
    expect(output).toMatch(
      /HardwareError: .*Lease \S+ could not be extended: .*token is expired; get a new one with `jmp login`/,
    )
    expect(failure(files)).toEqual({ code: expect.stringMatching(/^(?:LEASE_LOST|CONSOLE_CLOSED)$/), origin: 'lab' })
    await expect.poll(() => fleet.reasons(), { timeout: 10_000 }).toEqual(['Expired'])
  })

  test('a run that is killed leaves its lease for no longer than it was extended', async () => {
    const fleet = await startFleet({ certificates, ours: { one: { board: 'uno' } } })
    await using files = await project(
      { 'a.test.js': works(30_000) },
      { clientConfig: fleet.clientFile, durationMs: 6_000 },
    )
    const run = files.start(['run'])
    await hasBegun(files)
    run.kill('SIGKILL')
    const killedAt = Date.now()
    await run
    await expect.poll(() => fleet.reasons(), { timeout: 20_000 }).toEqual(['Expired'])
    const ms = Date.now() - killedAt
    console.log(`the lease ended ${ms} ms after the run was killed, of at most 6000`)
    expect(ms).toBeLessThan(9_000)
  })
})

describe('leases of a run', { timeout }, () => {
  test('`run` keeps what a file has had for the files after it', async () => {
    const fleet = await startFleet({ certificates, ours: { one: { board: 'uno' } } })
    const names = ['a', 'b', 'c'].map((name) => `${name}.test.js`)
    await using files = await project(Object.fromEntries(names.map((name) => [name, works(100)])), {
      clientConfig: fleet.clientFile,
      lease: 'run',
    })
    const { code, output } = await files.vitest(['run'])
    expect(code, output).toBe(0)
    expect(output).toMatch(/Tests\s+3 passed/)
    expect(fleet.reasons()).toEqual(['Released'])
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('`run` gives it back after %s, too', async (signal) => {
    const fleet = await startFleet({ certificates, ours: { one: { board: 'uno' } } })
    await using files = await project(
      { 'a.test.js': works(30_000), 'b.test.js': works(100) },
      { clientConfig: fleet.clientFile, lease: 'run' },
    )
    const run = files.start(['run', '--fileParallelism=false'])
    await hasBegun(files)
    run.kill(signal)
    const { exitCode, all } = await run
    expect(exitCode, all).toBe(signal === 'SIGINT' ? 130 : 143)
    expect(fleet.reasons(), all).toEqual(['Released'])
  })

  test('two runs that each need two exporters, of which there are two, both get them', async () => {
    const fleet = await startFleet({ certificates, ours: { one: { board: 'uno' }, two: { board: 'uno' } } })
    const both = `${header.replace('needs({', "needs({ peer: { selector: 'board=uno', drivers },")}
test('has both', async ({ dut, peer }) => { await dut.power.on(); await peer.power.on() })`
    const { clientFile: clientConfig } = fleet
    await using one = await project({ 'a.test.js': both }, { clientConfig, lease: 'file' })
    await using other = await project({ 'a.test.js': both }, { clientConfig, lease: 'run' })
    for (const { code, output } of await Promise.all([one.vitest(['run']), other.vitest(['run'])])) {
      expect(code, output).toBe(0)
    }
    expect(new Set(fleet.reasons())).toEqual(new Set(['Released']))
  })

  test('a run that keeps a board without using it gives it to one that waits for it', async () => {
    const fleet = await startFleet({ certificates, ours: { one: { board: 'uno' }, two: { board: 'mega' } } })
    const mega = (text: string) => text.replace('board=uno', 'board=mega')
    const controller = { clientConfig: fleet.clientFile, lease: 'run' }
    const args = ['run', '--fileParallelism=false']
    await using one = await project({ 'a.test.js': works(1_500), 'b.test.js': mega(works(1_500)) }, controller)
    await using other = await project({ 'a.test.js': mega(works(1_500)), 'b.test.js': works(1_500) }, controller)
    for (const { code, output } of await Promise.all([one.vitest(args), other.vitest(args)])) {
      expect(code, output).toBe(0)
    }
    expect(new Set(fleet.reasons())).toEqual(new Set(['Released']))
  })

  test('the one that JMP_LEASE names is used, and left alone', async () => {
    const fleet = await startFleet({ certificates, ours: { one: { board: 'uno' }, two: { board: 'uno' } } })
    const lease = fleet.state.create({
      name: 'mine',
      client: 'ci',
      selector: 'board=uno',
      exporterName: 'two',
      durationMs: 600_000,
    })
    await vi.waitUntil(() => lease.exporter !== undefined)
    await using files = await project(
      { 'a.test.js': works(100), 'b.test.js': works(100) },
      { clientConfig: fleet.clientFile },
    )
    const { code, output } = await files.vitest(['run'], { JMP_LEASE: 'mine' })
    expect(code, output).toBe(0)
    expect(fleet.reasons()).toEqual([undefined])
    // Others do where it is none.
    const other = await files.vitest(['run'], { JMP_LEASE: 'nobody' })
    expect(other.code, other.output).toBe(0)
    expect(other.output).toMatch(
      /\[lease nobody\] warning: it cannot be used: The controller refuses: GetLease: .*not found/,
    )
    expect(fleet.reasons()).toEqual([undefined, 'Released', 'Released'])
  })

  test('while it waits, who holds what it waits for is said', async () => {
    const fleet = await startFleet({ certificates, ours: { one: { board: 'uno' } }, clients: ['ci', 'alice'] })
    const lease = fleet.state.create({
      name: 'hers',
      client: 'alice',
      selector: 'board=uno',
      durationMs: 600_000,
    })
    await vi.waitUntil(() => lease.exporter !== undefined)
    await using files = await project({ 'a.test.js': works(100) }, { clientConfig: fleet.clientFile })
    const run = files.start(['run'])
    let seen = ''
    run.all.on('data', (chunk: Buffer) => (seen += String(chunk)))
    const isSaid =
      /a\.test\.js waits: exporter board=uno of the controller: all 1 exporters are leased \(NotAvailable\); one is leased by alice until \d\d:\d\d:\d\d/
    await expect.poll(() => seen, { timeout: 30_000 }).toMatch(isSaid)
    // Who gives up while it waits leaves nothing behind that waits on.
    const other = files.start(['run'])
    await vi.waitUntil(() => fleet.state.leases.size === 3, { timeout: 30_000 })
    other.kill('SIGINT')
    expect(await other).toMatchObject({ exitCode: 130 })
    expect(fleet.reasons()).toEqual([undefined, undefined, 'Released'])
    fleet.state.release(lease)
    const { exitCode, all } = await run
    expect(exitCode, all).toBe(0)
  })
})
