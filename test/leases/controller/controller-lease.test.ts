import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { DriverClient } from '../../../src/clients/index.ts'
import { type Certificates, createCertificates } from '../../support/certificates.ts'
import { connectTo, serveLab, use } from '../../support/controller/serve-lab.ts'

let certificates: Certificates
beforeAll(async () => {
  certificates = await createCertificates()
})
afterAll(() => certificates.remove())

describe('a tunnel that is lost', () => {
  test('is opened again: idempotent calls are made again, and consoles go on', { timeout: 60_000 }, async () => {
    const lab = await serveLab(certificates, ['one'])
    const lease = await lab.lease()
    const { connection, power, serial } = await connectTo(lease)
    await serial.attach()
    await serial.send('before')
    await serial.expect('before')
    const back = lab.router.goDown(1_000)
    await power.on()
    await serial.send('later on')
    await serial.expect('later on')
    const marks =
      /^before\r\n\[vitest-hardware: the connection is broken, and output may be missing: .*\]\r\n\[.* is back after \d+ ms\]\r\nlater on$/
    expect(serial.all).toMatch(marks)
    await back
    lab.router.cut()
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

  test('is tried again with one warning, and the count of the failures in the end', { timeout: 60_000 }, async () => {
    const lab = await serveLab(certificates, ['one'])
    const lease = await lab.lease()
    const { power } = await connectTo(lease)
    lab.lines.length = 0
    const back = lab.router.goDown(2_000)
    await power.on()
    await back
    const warnings = lab.lines.filter((line) => line.includes('the router is not there'))
    expect(warnings).toHaveLength(1)
    expect(lab.lines.join('\n')).toMatch(/^exporter one is reached again, after \d+ failures$/m)
    await lease.release()
  })

  test('and whose lease cannot be read meanwhile, is one more warning', { timeout: 60_000 }, async () => {
    const lab = await serveLab(certificates, ['one'])
    const lease = await lab.lease()
    const { power } = await connectTo(lease)
    lab.lines.length = 0
    lab.state.isStoreAway = true
    // Each tunnel that fails makes the client read the lease.
    const back = lab.router.goDown(1_000)
    await power.on()
    await back
    expect(lab.lines.filter((line) => line.includes('could not be extended or read; trying again'))).toHaveLength(1)
    lab.state.isStoreAway = false
    lab.router.cut()
    await power.on()
    await vi.waitUntil(() => lab.lines.some((line) => /^lease .* is read again, after \d+ failures$/.test(line)), {
      timeout: 10_000,
    })
    await lease.release()
  })

  test('is waited for until the limit of the call, or of the reconnection', { timeout: 60_000 }, async () => {
    const lab = await serveLab(certificates, ['one'])
    const lease = await lab.lease({ dialTimeoutMs: 5_000 })
    const { power } = await connectTo(lease)
    const back = lab.router.goDown(8_000)
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

  test('that cannot be opened at first makes the client lease another exporter', { timeout: 60_000 }, async () => {
    const lab = await serveLab(certificates, ['one', 'two'])
    const back = lab.router.goDown(1_500)
    const lease = await lab.lease()
    await back
    await use(lease)
    await lease.release()
    expect(lab.lines.join('\n')).toMatch(/warning: another exporter is leased: Cannot connect to exporter/)
    expect([...lab.state.leases.values()].filter(({ end }) => end === undefined)).toEqual([])
  })

  test('is lost with its lease, and the reason is known soon', { timeout: 60_000 }, async () => {
    const lab = await serveLab(certificates, ['one'])
    const lease = await lab.lease()
    await use(lease)
    const known = lab.state.leaseOf(lease.name)
    const { serial } = await connectTo(lease)
    await serial.attach()
    const waiting = serial.expect('nothing', { timeoutMs: 30_000 })
    waiting.catch(() => undefined)
    lab.state.release(known)
    await vi.waitUntil(() => lease.lost.aborted, { timeout: 10_000 })
    expect(lease.lost.reason).toMatchObject({
      code: 'LEASE_LOST',
      origin: 'lab',
      message: `Lease ${known.name} has ended: The lease was released (Released)`,
    })
    await lease.release()
    await expect(waiting).rejects.toMatchObject({
      code: 'LEASE_LOST',
      message: expect.stringContaining('Console console was closed'),
    })
  })
})
