import { once } from 'node:events'
import { PassThrough } from 'node:stream'

import { byteStream, call, defineInterface, Driver, streaming } from '../../src/index.ts'
import { CompositeDriver } from '../../src/runtime/composite-driver.ts'
import { describeActivity } from '../../src/leases/describe-activity.ts'
import { expect, test } from 'vitest'
import { openSession } from '../support/session.ts'

const Device = defineInterface({
  client: 'test.DeviceClient',
  methods: {
    hang: call<() => void>(),
    answer: call<() => number>(),
    readings: streaming<() => number>(),
    connect: byteStream(),
  },
})

class DeviceDriver extends Driver {
  static readonly interface = Device
  readonly device = new PassThrough()
  hang() {
    return new Promise<void>(() => {})
  }
  answer() {
    return 42
  }
  async *readings() {
    yield 1
    await new Promise(() => {})
  }
  connect() {
    return this.device
  }
}

async function openDevice() {
  const driver = new DeviceDriver()
  const root = new CompositeDriver({ board: new CompositeDriver({ uno: driver }) })
  const opened = await openSession(root)
  await opened.session.start()
  const uno = opened.root.children['board']?.children['uno']
  if (uno === undefined) throw new Error('no driver')
  return { ...opened, driver, uno }
}

test('calls and streaming calls under way are named, and those that have ended are not', async () => {
  await using opened = await openDevice()
  const { uno, session } = opened
  expect(await uno.call('answer')).toBe(42)
  const hanging = uno.call('hang').catch((error: unknown) => error)
  const readings = uno.streamingCall('readings')
  await readings.next()
  await expect
    .poll(() => session.activity.describe().calls.map(({ name }) => name))
    .toEqual(['board.uno.hang', 'board.uno.readings'])
  expect(describeActivity(session.activity.describe())).toMatch(/call under way: board\.uno\.hang \(for 0\.\d s\)/)
  // As when a client dies: its connection goes, and the calls with it.
  opened.close()
  await hanging
  await expect
    .poll(() =>
      session.activity
        .describe()
        .calls.map(({ name }) => name)
        .toSorted(),
    )
    .toEqual(['board.uno.hang', 'board.uno.readings'])
})

test('the last lines of a console are kept, harmless for whoever reads them', async () => {
  await using opened = await openDevice()
  const { uno, session, driver } = opened
  const stream = await uno.stream('connect')
  let seen = ''
  stream.on('data', (chunk: Buffer) => (seen += chunk.toString()))
  const euro = Buffer.from('€')
  for (let index = 0; index < 2000; index++) driver.device.write(`line ${index}\r\n`)
  driver.device.write(euro.subarray(0, 1))
  driver.device.write(euro.subarray(1))
  driver.device.write('\u001b[31m red\u001b[0m\u0007\n=> ')
  await expect.poll(() => seen).toContain('=> ')
  const { consoles } = session.activity.describe()
  expect(consoles).toHaveLength(1)
  expect(consoles[0]?.name).toBe('board.uno')
  expect(consoles[0]?.lines.slice(-3)).toEqual(['line 1999', '€ red', '=> '])
  expect(consoles[0]?.lines).toHaveLength(10)
  stream.destroy()
})

test('what is no text is passed over', async () => {
  await using opened = await openDevice()
  const { uno, session, driver } = opened
  const stream = await uno.stream('connect')
  driver.device.write(Buffer.from(Array.from({ length: 2000 }, (_, index) => index % 256)))
  await once(stream, 'data')
  expect(session.activity.describe().consoles).toEqual([])
  stream.destroy()
})
