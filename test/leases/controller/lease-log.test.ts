import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'

import { DriverClient } from '../../../src/clients/index.ts'
import { connect } from '../../../src/index.ts'
import { ControllerExporter } from '../../../src/leases/controller/controller-exporter.ts'
import { ExistingLeaseExporter } from '../../../src/leases/controller/existing-lease-exporter.ts'
import type { LeaseEvent } from '../../../src/leases/lease-event.ts'
import type { Endpoint } from '../../../src/protocol/endpoint.ts'
import { type Certificates, createCertificates } from '../../support/certificates.ts'
import { serveLab } from '../../support/controller/serve-lab.ts'

const driver = fileURLToPath(new URL('../../support/drivers/diary.ts', import.meta.url))
const hooks = { beforeLease: { script: 'echo before' }, afterLease: { script: 'echo after' } }
const patient = { timeout: 20_000 }

let certificates: Certificates
beforeAll(async () => {
  certificates = await createCertificates()
})
afterAll(() => certificates.remove())

async function start(more: object = {}) {
  const lab = await serveLab(certificates, ['one'], {}, { export: { diary: { type: `${driver}#Diary` } }, ...more })
  const printed: string[] = []
  const emit = (event: LeaseEvent) => {
    // Nobody waits for the lines of drivers that are closed after the session's end.
    if (event.type === 'exporterOutput' && !event.line.endsWith('ends')) printed.push(event.line)
  }
  const config = async () => lab.config
  return { ...lab, printed, options: { config, emit } }
}

async function connectDiary({ address, ...options }: Endpoint) {
  const connection = await connect(address, options)
  onTestFinished(() => connection.close())
  const { diary } = connection.root.children
  if (!(diary instanceof DriverClient)) throw new Error('the driver is missing')
  return { note: (text: string) => diary.call('note', text), connection }
}

test('the log of an exporter of a controller is shown from the beginning of its session on, each line once', async () => {
  const { options, printed, router } = await start()
  const exporter = new ControllerExporter({ ...options, selector: 'board=uno', logLevel: 'warning' })
  await exporter.reserve()
  const { note } = await connectDiary((await exporter.lease()).endpoint)
  await note('one')
  await expect.poll(() => printed, patient).toHaveLength(2)
  router.cut()
  await vi.waitFor(() => note('two'), patient)
  await expect.poll(() => printed, patient).toContain('warning: [driver.Diary] two')
  await exporter.free()
  expect(printed).toEqual(['begins', 'one', 'two'].map((text) => `warning: [driver.Diary] ${text}`))
}, 60_000)

test('with the output of hooks, and with every line on request', async () => {
  const { options, printed } = await start({ hooks })
  const exporter = new ControllerExporter({ ...options, selector: 'board=uno', logLevel: 'debug' })
  await exporter.reserve()
  const { note, connection } = await connectDiary((await exporter.lease()).endpoint)
  await note('one')
  connection.close()
  await exporter.free()
  const own = printed.filter((line) => /Diary|^(before|after)Lease/.test(line))
  expect(own.toSorted()).toEqual(
    [
      'beforeLease: before',
      'warning: [driver.Diary] begins',
      'debug: [driver.Diary] soft one',
      'warning: [driver.Diary] one',
      'afterLease: after',
    ].toSorted(),
  )
}, 60_000)

test('of a lease that somebody else has created, the lines from now on are shown', async () => {
  const { options, printed, lease } = await start()
  const leased = await lease()
  const first = await connectDiary(leased.endpoint)
  await first.note('one')
  const { signal } = new AbortController()
  const exporter = await ExistingLeaseExporter.open({ ...options, lease: leased.name, logLevel: 'warning', signal })
  await expect
    .poll(async () => {
      await first.note('two')
      return printed
    }, patient)
    .toContain('warning: [driver.Diary] two')
  await exporter.close()
  expect(new Set(printed)).toEqual(new Set(['warning: [driver.Diary] two']))
  await leased.release()
}, 60_000)

test('nothing is shown with the level off', async () => {
  const { options, printed } = await start({ hooks: { afterLease: hooks.afterLease } })
  const exporter = new ControllerExporter({ ...options, selector: 'board=uno', logLevel: 'off' })
  await exporter.reserve()
  const { note } = await connectDiary((await exporter.lease()).endpoint)
  await note('one')
  await exporter.free()
  expect(printed).toEqual(['afterLease: after'])
}, 60_000)
