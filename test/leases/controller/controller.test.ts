import { create } from '@bufbuild/protobuf'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'

import { acquireLease } from '../../../src/leases/controller/acquire.ts'
import { loadClientConfig } from '../../../src/leases/controller/client-config.ts'
import { LeaseRenewal } from '../../../src/leases/controller/renewal.ts'
import { describeWait } from '../../../src/leases/describe-wait.ts'
import type { ReserveWait } from '../../../src/leases/lease.ts'
import { ControllerCalls } from '../../../src/protocol/controller/controller-calls.ts'
import { DriverInstanceReportSchema } from '../../../src/protocol/generated/jumpstarter/v1/jumpstarter_pb.ts'
import { type Certificates, createCertificates } from '../../support/certificates.ts'
import { type ControllerOptions, startController } from '../../support/controller/start.ts'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

let certificates: Certificates
beforeAll(async () => {
  certificates = await createCertificates()
})
afterAll(() => certificates.remove())

/** A controller whose exporters `one` and `two` are there, and calls of its client. */
async function start(options: Partial<ControllerOptions> = {}, tokenLifetimeMs?: number) {
  const double = await startController({
    certificates,
    clients: ['ci', 'other'],
    exporters: { one: { board: 'uno' }, two: { board: 'uno' }, away: { board: 'away' } },
    ...options,
  })
  for (const name of ['one', 'two']) {
    const exporter = double.state.exporters.get(name)
    if (exporter !== undefined) Object.assign(exporter, { streams: 1, reports: [create(DriverInstanceReportSchema)] })
  }
  const as = async (client: string) => {
    const file = join(certificates.folder, `${client}.yaml`)
    writeFileSync(file, double.clientConfig(client, tokenLifetimeMs))
    const controller = new ControllerCalls(await loadClientConfig({ file }, {}))
    onTestFinished(() => controller.close())
    return controller
  }
  onTestFinished(() => double[Symbol.asyncDispose]())
  return { ...double, as, controller: await as('ci') }
}

const spec = { selector: 'board=uno', durationMs: 60_000 }
const limits = { timeoutMs: 30_000 }

describe('a lease', () => {
  test('is acquired soon', async () => {
    const { controller, state } = await start()
    const times: number[] = []
    for (let n = 0; n < 20; n++) {
      const begin = performance.now()
      const lease = await acquireLease(controller, spec, limits)
      times.push(performance.now() - begin)
      expect(state.leases.get(lease.name)?.exporter?.name).toBe(lease.exporter)
      await controller.deleteLease(lease.name)
      await controller.deleteLease(lease.name)
    }
    const median = times.toSorted((one, other) => one - other)[10] ?? NaN
    console.log(`acquired within ${median.toFixed(0)} ms (median of 20)`)
    // Python's client looks every 5 s.
    expect(median).toBeLessThan(1_000)
  })

  test('is waited for, and the reason is reported once', async () => {
    const { controller } = await start()
    const [first] = await Promise.all([acquireLease(controller, spec, limits), acquireLease(controller, spec, limits)])
    const reasons: string[] = []
    const third = acquireLease(controller, spec, { ...limits, waiting: (wait) => reasons.push(describeWait(wait)) })
    await expect
      .poll(() => reasons.map((why) => why.replaceAll(/\d\d:\d\d:\d\d/g, 'TIME')))
      .toEqual([
        'all 2 exporters are leased (NotAvailable); one is leased by ci until TIME, two is leased by ci until TIME',
      ])
    await controller.deleteLease(first.name)
    expect((await third).exporter).toBe(first.exporter)
    expect(reasons).toHaveLength(1)
  })

  test('that no exporter satisfies, or with an invalid selector, is refused at once, and ended', async () => {
    const { controller, state } = await start()
    await expect(acquireLease(controller, { ...spec, selector: 'board=none' }, limits)).rejects.toMatchObject({
      code: 'NO_EXPORTER',
      origin: 'lab',
      message: expect.stringMatching(/^No exporter can ever have board=none: .*0 exporters \(NoAccess\)$/),
    })
    await expect(acquireLease(controller, { ...spec, selector: 'board=a b' }, limits)).rejects.toMatchObject({
      code: 'SELECTOR_INVALID',
    })
    await expect(acquireLease(controller, { ...spec, selector: '' }, limits)).rejects.toMatchObject({
      code: 'CONTROLLER_REFUSED',
      origin: 'lab',
      message: 'The controller refuses: CreateLease: one of selector or exporter_name is required',
    })
    expect([...state.leases.values()].filter(({ end }) => end === undefined)).toEqual([])
  })

  test('is given back when the wait for it ends', async () => {
    const { controller, state } = await start()
    const away = { ...spec, selector: 'board=away' }
    await expect(acquireLease(controller, away, { timeoutMs: 1_000 })).rejects.toMatchObject({
      code: 'LEASE_TIMEOUT',
      message: expect.stringMatching(/within 1000 ms: none of the 1 exporters is online \(Offline\)$/),
    })
    const signal = AbortSignal.timeout(100)
    await expect(acquireLease(controller, away, { ...limits, signal })).rejects.toMatchObject({
      code: 'CALL_CANCELLED',
    })
    const conditions = Array.from(state.leases.values(), ({ conditions: [one] }) => one?.reason)
    expect(conditions).toEqual(['Released', 'Released'])
  })
})

describe('a controller that knows no jumpstarter.client.v1', () => {
  test('gets the older calls, and is asked for the whole duration', async () => {
    const { controller, state } = await start({ isOlder: true })
    const lease = await acquireLease(
      controller,
      { selector: 'board in (uno,mega),!gone', durationMs: 60_000, maxDurationMs: 600_000, tags: { a: 'b' } },
      limits,
    )
    const known = state.leases.get(lease.name)
    expect(known).toMatchObject({ durationMs: 600_000, selector: 'board in (uno,mega),!gone' })
    expect(lease.exporter).toBe(known?.exporter?.uuid)
    expect(await controller.leases()).toMatchObject([{ name: lease.name, client: 'ci' }])
    expect(await controller.exporter(lease.exporter)).toMatchObject({ name: lease.exporter, status: 'UNSPECIFIED' })
    // It cannot be extended, and is watched.
    const lost = Promise.withResolvers<Error>()
    const kept = new LeaseRenewal(controller, lease, { durationMs: 3_000, maxDurationMs: 600_000, lost: lost.resolve })
    onTestFinished(() => kept.stop())
    kept.check()
    await controller.deleteLease(lease.name)
    kept.check()
    await expect.poll(() => kept.check() ?? known?.end).toBeDefined()
    expect(await lost.promise).toMatchObject({
      code: 'LEASE_LOST',
      message: `Lease ${lease.name} has ended: The lease was released (Released)`,
    })
    await expect(acquireLease(controller, { ...spec, selector: 'board=none' }, limits)).rejects.toMatchObject({
      code: 'NO_EXPORTER',
    })
    await expect(acquireLease(controller, { ...spec, exporter: 'one' }, limits)).rejects.toMatchObject({
      code: 'CONTROLLER_REFUSED',
      message: 'This controller is too old to lease exporter one by its name; give a selector of labels',
    })
  })
})

describe('a controller that goes away and comes back', () => {
  test('is waited for while a lease is requested, and while the lease waits', { timeout: 30_000 }, async () => {
    const { controller, state, restart } = await start({ refusesTokensTimes: 3 })
    const reasons: string[] = []
    const waiting = (wait: ReserveWait) => reasons.push(describeWait(wait))
    const lease = await acquireLease(controller, spec, { ...limits, waiting })
    expect(reasons.join('\n')).toMatch(
      /authenticator not initialized \(a controller that has just started refuses every token\)/,
    )
    expect(new Set(reasons).size, 'a reason that has been told twice').toBe(reasons.length)
    const restarted = restart({ downMs: 1_000, refusesTokensMs: 0 })
    await acquireLease(controller, spec, { ...limits, waiting })
    await restarted
    expect(reasons.join('\n')).toContain('Cannot connect to the controller')
    const third = acquireLease(controller, spec, { ...limits, waiting })
    await expect.poll(() => reasons.at(-1)).toMatch(/^all 2 exporters are leased/)
    await restart({ downMs: 500, refusesTokensMs: 500 })
    state.release(state.leaseOf(lease.name))
    expect(await third).toMatchObject({ exporter: lease.exporter })
  })

  test('loses no lease that is kept', { timeout: 30_000 }, async () => {
    const { controller, state, restart } = await start()
    const lease = await acquireLease(controller, { ...spec, durationMs: 8_000 }, limits)
    const lost: Error[] = []
    const failures: string[] = []
    const kept = new LeaseRenewal(controller, lease, {
      durationMs: 8_000,
      maxDurationMs: 60_000,
      lost: (error) => lost.push(error),
      failed: ({ message }) => failures.push(message),
    })
    onTestFinished(() => kept.stop())
    await restart({ downMs: 1_000, refusesTokensMs: 1_500 })
    kept.check()
    await expect.poll(() => failures.at(-1), { timeout: 5_000 }).toMatch(/controller/)
    await new Promise((resolve) => setTimeout(resolve, 9_000))
    expect({ lost, end: state.leases.get(lease.name)?.end }).toEqual({ lost: [], end: undefined })
  })

  test('a token that expires ends the lease, and the error names the cure', { timeout: 30_000 }, async () => {
    const { controller } = await start({}, 3_000)
    const lease = await acquireLease(controller, { ...spec, durationMs: 5_000 }, limits)
    const lost = Promise.withResolvers<Error>()
    const kept = new LeaseRenewal(controller, lease, { durationMs: 5_000, maxDurationMs: 60_000, lost: lost.resolve })
    onTestFinished(() => kept.stop())
    expect(await lost.promise).toMatchObject({
      code: 'LEASE_LOST',
      origin: 'lab',
      message: expect.stringMatching(/could not be extended: .*token is expired; get a new one with `jmp login`$/),
    })
  })
})

describe('an error of the controller', () => {
  test('names the owner of a refused token, and the cure for an old one', async () => {
    const { controller } = await start({ refusesTokensMs: 60_000 })
    await expect(controller.leases()).rejects.toMatchObject({ code: 'UNAUTHENTICATED', origin: 'lab' })
    const { controller: late } = await start({}, -10_000)
    await expect(late.leases()).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.stringMatching(/token is expired; get a new one with `jmp login`$/),
    })
  })

  test('says that no controller answers, or that its certificate is not trusted', async () => {
    const { controller, [Symbol.asyncDispose]: stop } = await start()
    await stop()
    await expect(controller.leases()).rejects.toMatchObject({ code: 'CONNECTION_FAILED', origin: 'wire' })
  })
})

describe('a lease that is kept', () => {
  test('lasts while it is extended, and ends soon after that', async () => {
    const { controller, state } = await start()
    const lease = await acquireLease(controller, { ...spec, durationMs: 3_000 }, limits)
    const lost = Promise.withResolvers<Error>()
    const kept = new LeaseRenewal(controller, lease, { durationMs: 3_000, maxDurationMs: 60_000, lost: lost.resolve })
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    expect(state.leases.get(lease.name)?.end).toBeUndefined()
    kept.stop()
    await expect.poll(() => state.leases.get(lease.name)?.conditions[0]?.reason, { timeout: 10_000 }).toBe('Expired')
  }, 30_000)

  test('is lost when another client ends or transfers it, or at its longest duration', async () => {
    const { controller, state } = await start()
    const keep = async (maxDurationMs = 60_000) => {
      // Long enough for a busy machine to look in time.
      const durationMs = 3_500
      const lease = await acquireLease(controller, { ...spec, durationMs }, limits)
      const lost = Promise.withResolvers<Error>()
      const kept = new LeaseRenewal(controller, lease, { durationMs, maxDurationMs, lost: lost.resolve })
      onTestFinished(() => kept.stop())
      return { lost: lost.promise, known: state.leases.get(lease.name), name: lease.name }
    }
    const [ended, transferred] = [await keep(), await keep()]
    await controller.deleteLease(ended.name)
    expect(await ended.lost).toMatchObject({
      code: 'LEASE_LOST',
      origin: 'lab',
      message: `Lease ${ended.name} has ended: The lease was released (Released)`,
    })
    await controller.updateLease(transferred.name, { client: 'other' })
    expect(await transferred.lost).toMatchObject({
      code: 'LEASE_LOST',
      message: `Lease ${transferred.name} was transferred to other`,
    })
    const short = await keep(5_000)
    expect(await short.lost).toMatchObject({
      message: `Lease ${short.name} has lasted the 5000 ms that it may, and is over`,
    })
  }, 30_000)
})
