import { create } from '@bufbuild/protobuf'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'

import { acquireLease } from '../../../src/leases/controller/acquire.ts'
import { loadClientConfig } from '../../../src/leases/controller/client-config.ts'
import { keepLease } from '../../../src/leases/controller/renewal.ts'
import { ControllerCalls } from '../../../src/protocol/controller-calls.ts'
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

const wishes = { selector: 'board=uno', durationMs: 60_000 }
const limits = { timeoutMs: 30_000 }

describe('a lease', () => {
  test('is acquired soon', async () => {
    const { controller, state } = await start()
    const times: number[] = []
    for (let n = 0; n < 20; n++) {
      const begin = performance.now()
      const lease = await acquireLease(controller, wishes, limits)
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

  test('is waited for, and why is told once', async () => {
    const { controller } = await start()
    const [first] = await Promise.all([
      acquireLease(controller, wishes, limits),
      acquireLease(controller, wishes, limits),
    ])
    const reasons: string[] = []
    const third = acquireLease(controller, wishes, { ...limits, waiting: (why) => reasons.push(why) })
    await expect
      .poll(() => reasons.map((why) => why.replaceAll(/\d\d:\d\d:\d\d/g, 'TIME')))
      .toEqual([
        'all 2 exporters are leased (NotAvailable); one is leased by ci until TIME, two is leased by ci until TIME',
      ])
    await controller.deleteLease(first.name)
    expect((await third).exporter).toBe(first.exporter)
    expect(reasons).toHaveLength(1)
  })

  test('that nobody can have, or that is not understood, is refused at once, and ended', async () => {
    const { controller, state } = await start()
    await expect(acquireLease(controller, { ...wishes, selector: 'board=none' }, limits)).rejects.toMatchObject({
      code: 'NO_EXPORTER',
      origin: 'lab',
      message: expect.stringMatching(/^No exporter can ever have board=none: .*0 exporters \(NoAccess\)$/),
    })
    await expect(acquireLease(controller, { ...wishes, selector: 'board=a b' }, limits)).rejects.toMatchObject({
      code: 'SELECTOR_INVALID',
    })
    await expect(acquireLease(controller, { ...wishes, selector: '' }, limits)).rejects.toMatchObject({
      code: 'CONTROLLER_REFUSED',
      origin: 'lab',
      message: 'The controller refuses: CreateLease: one of selector or exporter_name is required',
    })
    expect([...state.leases.values()].filter(({ end }) => end === undefined)).toEqual([])
  })

  test('that is not waited for any more is given back', async () => {
    const { controller, state } = await start()
    const away = { ...wishes, selector: 'board=away' }
    await expect(acquireLease(controller, away, { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'LEASE_TIMEOUT',
      message: expect.stringMatching(/within 100 ms: none of the 1 exporters is online \(Offline\)$/),
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
  test('is asked as it was before, for all of the time', async () => {
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
    const kept = keepLease(controller, lease, { durationMs: 3_000, maxDurationMs: 600_000, lost: lost.resolve })
    onTestFinished(kept.stop)
    kept.check()
    await controller.deleteLease(lease.name)
    kept.check()
    await expect.poll(() => kept.check() ?? known?.end).toBeDefined()
    expect(await lost.promise).toMatchObject({
      code: 'LEASE_LOST',
      message: `Lease ${lease.name} has ended: The lease was released (Released)`,
    })
    await expect(acquireLease(controller, { ...wishes, selector: 'board=none' }, limits)).rejects.toMatchObject({
      code: 'NO_EXPORTER',
    })
    await expect(acquireLease(controller, { ...wishes, exporter: 'one' }, limits)).rejects.toMatchObject({
      code: 'CONTROLLER_REFUSED',
      message: 'This controller is too old to lease exporter one by its name; give a selector of labels',
    })
  })
})

describe('a controller that goes away and comes back', () => {
  test('is waited for while a lease is asked for, and while it waits', { timeout: 30_000 }, async () => {
    const { controller, state, restart } = await start({ refusesTokensMs: 1_000 })
    const reasons: string[] = []
    const waiting = (why: string) => reasons.push(why)
    const lease = await acquireLease(controller, wishes, { ...limits, waiting })
    expect(reasons.join('\n')).toMatch(/authenticate token.*\(one that has just started refuses everybody\)/)
    const restarted = restart({ downMs: 1_000, refusesTokensMs: 0 })
    await acquireLease(controller, wishes, { ...limits, waiting })
    await restarted
    expect(reasons.join('\n')).toContain('Cannot connect to the controller')
    const third = acquireLease(controller, wishes, { ...limits, waiting })
    await expect.poll(() => reasons.at(-1)).toMatch(/^all 2 exporters are leased/)
    await restart({ downMs: 500, refusesTokensMs: 500 })
    state.release(state.leaseOf(lease.name))
    expect(await third).toMatchObject({ exporter: lease.exporter })
  })

  test('loses no lease that is kept', { timeout: 30_000 }, async () => {
    const { controller, state, restart } = await start()
    const lease = await acquireLease(controller, { ...wishes, durationMs: 8_000 }, limits)
    const lost: Error[] = []
    const lines: string[] = []
    const kept = keepLease(controller, lease, {
      durationMs: 8_000,
      maxDurationMs: 60_000,
      lost: (error) => lost.push(error),
      print: (line) => lines.push(line),
    })
    onTestFinished(kept.stop)
    await restart({ downMs: 1_000, refusesTokensMs: 1_500 })
    kept.check()
    await expect.poll(() => lines.at(-1), { timeout: 5_000 }).toMatch(/could not be looked after, which is tried again/)
    await new Promise((resolve) => setTimeout(resolve, 9_000))
    expect({ lost, end: state.leases.get(lease.name)?.end }).toEqual({ lost: [], end: undefined })
  })

  test('a token that expires ends the lease that is kept, and what to do is said', { timeout: 30_000 }, async () => {
    const { controller } = await start({}, 3_000)
    const lease = await acquireLease(controller, { ...wishes, durationMs: 5_000 }, limits)
    const lost = Promise.withResolvers<Error>()
    onTestFinished(keepLease(controller, lease, { durationMs: 5_000, maxDurationMs: 60_000, lost: lost.resolve }).stop)
    expect(await lost.promise).toMatchObject({
      code: 'LEASE_LOST',
      origin: 'lab',
      message: expect.stringMatching(/could not be extended: .*token is expired; get a new one with `jmp login`$/),
    })
  })
})

describe('an error of the controller', () => {
  test('says whose token it refuses, and what to do about an old one', async () => {
    const { controller } = await start({ refusesTokensMs: 60_000 })
    await expect(controller.leases()).rejects.toMatchObject({ code: 'UNAUTHENTICATED', origin: 'lab' })
    const { controller: late } = await start({}, -10_000)
    await expect(late.leases()).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.stringMatching(/token is expired; get a new one with `jmp login`$/),
    })
  })

  test('says that there is none, or that it is not the one to trust', async () => {
    const { controller, [Symbol.asyncDispose]: stop } = await start()
    await stop()
    await expect(controller.leases()).rejects.toMatchObject({ code: 'CONNECTION_FAILED', origin: 'wire' })
  })
})

describe('a lease that is kept', () => {
  test('lasts, and ends soon when nobody keeps it', async () => {
    const { controller, state } = await start()
    const lease = await acquireLease(controller, { ...wishes, durationMs: 3_000 }, limits)
    const lost = Promise.withResolvers<Error>()
    const { stop } = keepLease(controller, lease, { durationMs: 3_000, maxDurationMs: 60_000, lost: lost.resolve })
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    expect(state.leases.get(lease.name)?.end).toBeUndefined()
    stop()
    await expect.poll(() => state.leases.get(lease.name)?.conditions[0]?.reason, { timeout: 10_000 }).toBe('Expired')
  }, 30_000)

  test('is lost when it is ended, or transferred, by somebody else, or has lasted as long as it may', async () => {
    const { controller, state } = await start()
    const keep = async (maxDurationMs = 60_000) => {
      const lease = await acquireLease(controller, { ...wishes, durationMs: 3_000 }, limits)
      const lost = Promise.withResolvers<Error>()
      onTestFinished(keepLease(controller, lease, { durationMs: 1_500, maxDurationMs, lost: lost.resolve }).stop)
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
    const short = await keep(2_000)
    expect(await short.lost).toMatchObject({
      message: `Lease ${short.name} has lasted the 2000 ms that it may, and is over`,
    })
  }, 30_000)
})
