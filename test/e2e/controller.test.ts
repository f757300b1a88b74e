import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { type Certificates, createCertificates } from '../support/certificates.ts'
import { startLab } from '../support/controller/lab.ts'
import { ProcessOutput } from '../support/process-output.ts'
import { config, createProject, projectFile } from '../support/project.ts'

const timeout = 90_000

let certificates: Certificates
beforeAll(async () => {
  certificates = await createCertificates()
})
afterAll(() => certificates.remove())

const fileOf = (name: string) => projectFile(`controller/${name}.test.ts`)
/** Test files that use their boards: for the time in `USE_MS`, for a moment, and two boards. */
const [long, brief, mega, pair] = [fileOf('long'), fileOf('brief'), fileOf('mega'), fileOf('pair')]

/** The environment of a run whose long tests use their boards for this time. */
const useFor = (ms: number) => ({ USE_MS: String(ms) })

const project = (files: Readonly<Record<string, string>>, controller: object, more: object = {}) =>
  createProject({
    ...files,
    'use-board.ts': projectFile('controller/use-board.ts'),
    'vitest.config.js': config({ controller, ...more }),
  })
type Project = Awaited<ReturnType<typeof project>>
const failure = ({ folder }: Project): unknown => JSON.parse(readFileSync(join(folder, 'failure.json'), 'utf8'))
const hasBegun = ({ folder }: Project) => vi.waitUntil(() => existsSync(join(folder, 'begun')), { timeout: 30_000 })

describe('what goes wrong in the middle of a run', { timeout }, () => {
  test('a router that is gone for a while, and a controller that is restarted, are waited for', async () => {
    const lab = await startLab({ certificates, ours: { one: { board: 'uno' } } })
    await using files = await project({ 'a.test.ts': long }, { clientConfig: lab.clientFile })
    const run = files.start(['run'], useFor(9_000))
    await hasBegun(files)
    await lab.router.goDown(1_500)
    await delay(500)
    await lab.restart({ downMs: 1_000, refusesTokensMs: 1_500 })
    const { exitCode, all } = await run
    expect(exitCode, all).toBe(0)
    expect(all).toContain('[one] warning: The tunnel through the router')
    expect(lab.reasons()).toEqual(['Released'])
  })

  test('an exporter that is restarted fails the test that used it, and serves the next', async () => {
    const lab = await startLab({ certificates, ours: { one: { board: 'uno' } } })
    await using files = await project({ 'a.test.ts': long, 'b.test.ts': brief }, { clientConfig: lab.clientFile })
    const run = files.start(['run', '--fileParallelism=false', '--sequence.shuffle=false'], useFor(20_000))
    await hasBegun(files)
    await lab.restartExporter('one')
    const { exitCode, all } = await run
    expect(exitCode, all).toBe(1)
    expect(all).toMatch(/HardwareError: .*exporter one \(.*\) has been restarted while it was leased/)
    expect(failure(files)).toEqual({
      code: expect.stringMatching(/^(?:EXPORTER_FAILED|CONSOLE_CLOSED)$/),
      origin: 'lab',
    })
    expect(all).toMatch(/Tests\s+1 failed \| 1 passed/)
    expect(lab.reasons()).toEqual(['Released', 'Released'])
  })

  test('a token that expires fails the test when the lease cannot be extended any more', async () => {
    const ours = { one: { board: 'uno' } }
    const lab = await startLab({ certificates, ours })
    await using files = await project({ 'a.test.ts': long }, { clientConfig: lab.clientFile, durationMs: 6_000 })
    // Made when the exporter is there already, so that only the start of Vitest uses up some of its time.
    writeFileSync(lab.clientFile, lab.clientConfig('ci', 8_000))
    const { code, output } = await files.vitest(['run'], useFor(30_000))
    expect(code, output).toBe(1)
    expect(output).toMatch(
      /HardwareError: .*Lease \S+ could not be extended: .*token is expired; get a new one with `jmp login`/,
    )
    expect(failure(files)).toEqual({ code: expect.stringMatching(/^(?:LEASE_LOST|CONSOLE_CLOSED)$/), origin: 'lab' })
    await expect.poll(() => lab.reasons(), { timeout: 10_000 }).toEqual(['Expired'])
  })

  test('a run that is killed leaves its lease for no longer than it was extended', async () => {
    const lab = await startLab({ certificates, ours: { one: { board: 'uno' } } })
    await using files = await project({ 'a.test.ts': long }, { clientConfig: lab.clientFile, durationMs: 6_000 })
    const run = files.start(['run'], useFor(30_000))
    await hasBegun(files)
    run.kill('SIGKILL')
    const killedAt = Date.now()
    await run
    await expect.poll(() => lab.reasons(), { timeout: 20_000 }).toEqual(['Expired'])
    const ms = Date.now() - killedAt
    console.log(`the lease ended ${ms} ms after the run was killed, of at most 6000`)
    expect(ms).toBeLessThan(9_000)
  })
})

describe('leases of a run', { timeout }, () => {
  test('`run` keeps what a file has had for the files after it', async () => {
    const lab = await startLab({ certificates, ours: { one: { board: 'uno' } } })
    const names = ['a', 'b', 'c'].map((name) => `${name}.test.ts`)
    await using files = await project(Object.fromEntries(names.map((name) => [name, brief])), {
      clientConfig: lab.clientFile,
      lease: 'run',
    })
    const { code, output } = await files.vitest(['run'])
    expect(code, output).toBe(0)
    expect(output).toMatch(/Tests\s+3 passed/)
    expect(lab.reasons()).toEqual(['Released'])
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('`run` gives it back after %s, too', async (signal) => {
    const lab = await startLab({ certificates, ours: { one: { board: 'uno' } } })
    await using files = await project(
      { 'a.test.ts': long, 'b.test.ts': brief },
      { clientConfig: lab.clientFile, lease: 'run' },
    )
    const run = files.start(['run', '--fileParallelism=false'], useFor(30_000))
    await hasBegun(files)
    run.kill(signal)
    const { exitCode, all } = await run
    expect(exitCode, all).toBe(signal === 'SIGINT' ? 130 : 143)
    expect(lab.reasons(), all).toEqual(['Released'])
  })

  test('two runs that each need two exporters, of which there are two, both get them', async () => {
    const lab = await startLab({ certificates, ours: { one: { board: 'uno' }, two: { board: 'uno' } } })
    const { clientFile: clientConfig } = lab
    await using one = await project({ 'a.test.ts': pair }, { clientConfig, lease: 'file' })
    await using other = await project({ 'a.test.ts': pair }, { clientConfig, lease: 'run' })
    for (const { code, output } of await Promise.all([one.vitest(['run']), other.vitest(['run'])])) {
      expect(code, output).toBe(0)
    }
    expect(new Set(lab.reasons())).toEqual(new Set(['Released']))
  })

  test('a run that keeps a board without using it gives it to one that waits for it', async () => {
    const lab = await startLab({ certificates, ours: { one: { board: 'uno' }, two: { board: 'mega' } } })
    const controller = { clientConfig: lab.clientFile, lease: 'run' }
    const args = ['run', '--fileParallelism=false']
    await using one = await project({ 'a.test.ts': long, 'b.test.ts': mega }, controller)
    await using other = await project({ 'a.test.ts': mega, 'b.test.ts': long }, controller)
    for (const { code, output } of await Promise.all([one, other].map((files) => files.vitest(args, useFor(1_500))))) {
      expect(code, output).toBe(0)
    }
    expect(new Set(lab.reasons())).toEqual(new Set(['Released']))
  })

  test('the one that JMP_LEASE names is used, and left alone', async () => {
    const lab = await startLab({ certificates, ours: { one: { board: 'uno' }, two: { board: 'uno' } } })
    const lease = lab.state.create({
      name: 'mine',
      client: 'ci',
      selector: 'board=uno',
      exporterName: 'two',
      durationMs: 600_000,
    })
    await vi.waitUntil(() => lease.exporter !== undefined)
    await using files = await project({ 'a.test.ts': brief, 'b.test.ts': brief }, { clientConfig: lab.clientFile })
    const { code, output } = await files.vitest(['run'], { JMP_LEASE: 'mine' })
    expect(code, output).toBe(0)
    expect(lab.reasons()).toEqual([undefined])
    // Others do where it is none.
    const other = await files.vitest(['run'], { JMP_LEASE: 'nobody' })
    expect(other.code, other.output).toBe(0)
    expect(other.output).toMatch(
      /the hardware in this run:\n.* exporter lease nobody: The controller refuses: GetLease: .*not found/,
    )
    expect(lab.reasons()).toEqual([undefined, 'Released', 'Released'])
  })

  test('while it waits, who holds what it waits for is said', async () => {
    const lab = await startLab({ certificates, ours: { one: { board: 'uno' } }, clients: ['ci', 'alice'] })
    const lease = lab.state.create({
      name: 'hers',
      client: 'alice',
      selector: 'board=uno',
      durationMs: 600_000,
    })
    await vi.waitUntil(() => lease.exporter !== undefined)
    await using files = await project({ 'a.test.ts': brief }, { clientConfig: lab.clientFile })
    const run = files.start(['run'])
    const waits =
      /a\.test\.ts waits: exporter board=uno of the controller: all 1 exporters are leased \(NotAvailable\); one is leased by alice until \d\d:\d\d:\d\d/
    await new ProcessOutput(run).prints(waits)
    // A run that gives up while it waits leaves nothing behind that waits on.
    const other = files.start(['run'])
    await vi.waitUntil(() => lab.state.leases.size === 3, { timeout: 30_000 })
    other.kill('SIGINT')
    expect(await other).toMatchObject({ exitCode: 130 })
    expect(lab.reasons()).toEqual([undefined, undefined, 'Released'])
    lab.state.release(lease)
    const { exitCode, all } = await run
    expect(exitCode, all).toBe(0)
  })
})
