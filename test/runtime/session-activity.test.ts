import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

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
    readers: byteStream(),
  },
})

class DeviceDriver extends Driver {
  static readonly interface = Device
  readonly device = new PassThrough()
  readonly #readers: PassThrough[] = []
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
  /** Every reader gets all bytes, as from a serial port. */
  readers() {
    const reader = new PassThrough()
    this.#readers.push(reader)
    return reader
  }
  print(text: string) {
    for (const reader of this.#readers) reader.write(text)
  }
}

/** @returns the size of all buffers that are still in use, in bytes */
function bufferedAfterCollection(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc()')
  return process.memoryUsage().arrayBuffers
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
  // The end of a client ends its connection, and its calls.
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

test('the last lines of a console are kept without control characters', async () => {
  await using opened = await openDevice()
  const { uno, session, driver } = opened
  const stream = await uno.stream('connect')
  let seen = ''
  stream.on('data', (chunk: Buffer) => (seen += chunk.toString()))
  const euro = Buffer.from('€')
  for (let index = 0; index < 2000; index++) driver.device.write(`line ${index}\r\n`)
  driver.device.write(euro.subarray(0, 1))
  driver.device.write(euro.subarray(1))
  driver.device.write('\u001b[31m red\u001b[0m\n\u001b]noise\nboot ok\u0007\n=> ')
  await expect.poll(() => seen).toContain('=> ')
  const { consoles } = session.activity.describe()
  expect(consoles).toHaveLength(1)
  expect(consoles[0]?.name).toBe('board.uno')
  expect(consoles[0]?.lines.slice(-5)).toEqual(['line 1999', '€ red', ']noise', 'boot ok', '=> '])
  expect(consoles[0]?.lines).toHaveLength(10)
  stream.destroy()
})

test('output that is no text is left out', async () => {
  await using opened = await openDevice()
  const { uno, session, driver } = opened
  const stream = await uno.stream('connect')
  driver.device.write(Buffer.from(Array.from({ length: 2000 }, (_, index) => index % 256)))
  await once(stream, 'data')
  expect(session.activity.describe().consoles).toEqual([])
  stream.destroy()
})

test('a client that is killed in the middle of calls leaves their names and the last lines', async () => {
  await using opened = await openDevice()
  const { session, driver, server } = opened
  driver.device.write('booting\n=> ')
  const script = fileURLToPath(new URL('../support/activity-client.ts', import.meta.url))
  const client = spawn(process.execPath, [script, server.address], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    await once(client.stdout, 'data')
  } finally {
    client.kill('SIGKILL')
  }
  await once(client, 'exit')
  const atOnce = session.activity.describe()
  await delay(200)
  const later = session.activity.describe()
  for (const { calls, consoles } of [atOnce, later]) {
    expect(calls.map(({ name }) => name).toSorted()).toEqual(['board.uno.hang', 'board.uno.readings'])
    expect(consoles).toEqual([{ name: 'board.uno', lines: ['booting', '=> '] }])
  }
})

test('a call that its client cancelled a while ago is not named, even if the driver goes on', async () => {
  await using opened = await openDevice()
  const { uno, session } = opened
  const cancelled = new AbortController()
  const hanging = uno.with({ signal: cancelled.signal }).call('hang')
  const readings = uno.with({ signal: cancelled.signal }).streamingCall('readings')
  await readings.next()
  cancelled.abort()
  await expect(hanging).rejects.toThrow('cancelled')
  await expect(readings.next()).rejects.toThrow('cancelled')
  await expect.poll(() => session.activity.describe().calls, { timeout: 10_000 }).toEqual([])
}, 20_000)

test('every line of a console that two clients read is reported once', async () => {
  await using opened = await openDevice()
  const { uno, session, driver } = opened
  const one = await uno.stream('readers')
  const other = await uno.stream('readers')
  let seen = ''
  one.resume()
  other.on('data', (chunk: Buffer) => (seen += chunk.toString()))
  for (const line of ['one', 'two', 'three']) driver.print(`${line}\n`)
  await expect.poll(() => seen).toContain('three')
  expect(session.activity.describe().consoles).toEqual([{ name: 'board.uno', lines: ['one', 'two', 'three'] }])
  one.destroy()
  other.destroy()
})

test('an escape sequence that is cut, or that never ends, leaves no control characters', async () => {
  await using opened = await openDevice()
  const { uno, session, driver } = opened
  const stream = await uno.stream('connect')
  let bytes = 0
  stream.on('data', (chunk: Buffer) => (bytes += chunk.length))
  const text = `${'\u001b[1;31mx'.repeat(1_000)}\n\u009b2Jclear\u001b]0;title\n\u001b[3`
  driver.device.write(text)
  await expect.poll(() => bytes).toBe(Buffer.byteLength(text))
  const [found] = session.activity.describe().consoles
  expect(found?.lines.join('\n')).not.toMatch(/[^\P{Cc}\n\t]/u)
  expect(found?.lines.every((line) => line.length <= 200)).toBe(true)
  stream.destroy()
})

test('of 100 MB through a stream only the end is kept, even if the pieces are small', async () => {
  await using opened = await openDevice()
  const { uno, session, driver } = opened
  const stream = await uno.stream('connect')
  let bytes = 0
  stream.on('data', (chunk: Buffer) => (bytes += chunk.length))
  const before = bufferedAfterCollection()
  const chunk = Buffer.from(`${'x'.repeat(79)}\n`.repeat(800))
  const chunks = Math.ceil(100e6 / chunk.length)
  for (let index = 0; index < chunks; index++) {
    if (!driver.device.write(chunk)) await once(driver.device, 'drain')
  }
  // Pieces that are views of large buffers must not keep all of those.
  for (let index = 0; index < 5_000; index++) driver.device.write(Buffer.alloc(64 * 1024, '=').subarray(0, 1))
  await expect.poll(() => bytes, { timeout: 30_000 }).toBe(chunks * chunk.length + 5_000)
  await expect.poll(() => bufferedAfterCollection() - before, { timeout: 10_000 }).toBeLessThan(64 * 1024 * 1024)
  expect(session.activity.describe().consoles[0]?.lines.at(-1)).toBe('='.repeat(200))
  stream.destroy()
}, 60_000)
