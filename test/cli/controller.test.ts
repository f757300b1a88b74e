import { create } from '@bufbuild/protobuf'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { DriverInstanceReportSchema } from '../../src/protocol/generated/jumpstarter/v1/jumpstarter_pb.ts'
import { builtFile } from '../support/built.ts'
import { type Certificates, createCertificates } from '../support/certificates.ts'
import { startController } from '../support/controller/start.ts'

const main = builtFile('cli/main.js')

let certificates: Certificates
let controller: Awaited<ReturnType<typeof startController>>
let clientFile: string
beforeAll(async () => {
  certificates = await createCertificates()
  controller = await startController({
    certificates,
    clients: ['ci', 'alice'],
    exporters: { one: { board: 'uno' }, two: { board: 'mega' } },
  })
  const one = controller.state.exporters.get('one')
  if (one !== undefined) Object.assign(one, { streams: 1, reports: [create(DriverInstanceReportSchema)] })
  clientFile = join(certificates.folder, 'ci.yaml')
  writeFileSync(clientFile, controller.clientConfig('ci'))
})
afterAll(async () => {
  await controller[Symbol.asyncDispose]()
  await certificates.remove()
})

const cli = (args: readonly string[], env: Record<string, string> = {}) =>
  execa(process.execPath, [main, ...args], { reject: false, all: true, stdin: 'ignore', timeout: 50_000, env })
const ours = (...args: string[]) => cli([...args, '--client-config', clientFile])

describe('leases', () => {
  test('are made with all that they can have, and changed', async () => {
    const wishes = ['-l', 'board=uno', '--duration', '1h', '--lease-id', 'mine', '--begin-time', '2099-01-01T00:00:00Z']
    const facts = ['--tag', 'team=kernel', '--tag', 'why=bisect', '--context', 'commit=a/b']
    const created = await ours('create', 'lease', ...wishes, ...facts, '-o', 'yaml')
    expect(created.exitCode, created.all).toBe(0)
    expect(created.stdout).toMatch(/^name: mine$/m)
    const lease = controller.state.leaseOf('mine')
    expect(lease).toMatchObject({
      tags: { team: 'kernel', why: 'bisect' },
      context: { commit: 'a/b' },
      notBefore: Date.parse('2099-01-01T00:00:00Z'),
      durationMs: 3_600_000,
    })
    const updated = await ours('update', 'lease', 'mine', '--begin-time', '2026-01-01T00:00:00Z', '--duration', '30m')
    expect(updated.exitCode, updated.all).toBe(0)
    await expect.poll(() => lease.exporter?.name).toBe('one')
    expect(lease.durationMs).toBe(1_800_000)
  })

  test('are shown with the exporters, and end by their selector', async () => {
    expect((await ours('get', 'exporters', '--with', 'leases')).stdout).toMatch(/^one .*board=uno +ci$/m)
    const other = await ours('create', 'lease', '-l', 'board=mega', '--duration', '60', '-o', 'name')
    expect((await ours('delete', 'leases', '-l', 'board=uno')).stdout).toBe('mine')
    expect((await ours('get', 'leases', '-o', 'name')).stdout).toBe(other.stdout)
    expect((await ours('delete', 'leases', '--all')).stdout).toBe(other.stdout)
  })

  test.each([
    [['create', 'lease', '--duration', '60'], 'a lease needs --selector or --name'],
    [['create', 'lease', '-n', 'one', '--duration', '60', '--tag', 'x'], 'It has to be like key=value.'],
    [['create', 'lease', '-n', 'one', '--duration', '60', '--begin-time', 'soon'], 'A time is like 2026'],
    [['update', 'lease', 'mine'], 'nothing to change: give --duration, --begin-time or --to-client'],
    [['delete', 'leases'], 'name the leases to end, or give --selector, or --all'],
  ])('%j is a mistake', async (args, message) => {
    const { exitCode, all } = await ours(...args)
    expect(exitCode, all).not.toBe(0)
    expect(all).toContain(message)
  })
})

describe('a shell', () => {
  test('uses the lease that JMP_LEASE names; one that has ended is an error', async () => {
    const { name } = controller.state.create({ client: 'ci', selector: 'board=uno', durationMs: 60_000 })
    const lease = controller.state.leaseOf(name)
    await expect.poll(() => lease.exporter?.name).toBe('one')
    controller.state.release(lease)
    const { exitCode, all } = await cli(['shell', '--client-config', clientFile, '--', 'true'], { JMP_LEASE: name })
    expect(exitCode, all).toBe(1)
    expect(all).toBe(`error: Lease ${name} has ended: The lease was released`)
  })
})
