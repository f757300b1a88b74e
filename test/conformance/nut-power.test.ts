import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { describePower } from '../../src/conformance/index.ts'
import { NutPower, type NutPowerConfig } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { makeExporterSafe } from '../../src/runtime/open-session.ts'
import { missingCommand } from '../support/system-part.ts'
import { nutGuest, nutUser, startUpsd } from './support/upsd.ts'

const missing = missingCommand('/lib/nut/upsd')

describe.skipIf(missing !== undefined)('upsd', () => {
  let upsd: Awaited<ReturnType<typeof startUpsd>>
  beforeAll(async () => {
    upsd = await startUpsd()
  })
  afterAll(() => upsd?.[Symbol.asyncDispose]())

  const power = (more: Partial<NutPowerConfig> = {}) =>
    new NutPower({
      ...{ host: '127.0.0.1', port: upsd.port, ups: 'pdu', outlet: 1, variable: 'outlet.1.switch' },
      ...nutUser,
      ...more,
    })
  const isOn = (outlet: number) => upsd.value(`outlet.${outlet}.switch`) === 'on'

  describePower(
    'NutPower',
    () => ({
      driver: power(),
      isOn: () => isOn(1),
      interrupt: () => upsd.kill(),
      restore: () => upsd.restart(),
    }),
    { against: 'upsd 2.8 with dummy-ups' },
  )

  test('switches one outlet, reads its volts and amperes, and is off when it is safe', async () => {
    await using client = await serve(power())
    await client.on()
    expect([isOn(1), isOn(2)]).toEqual([true, false])
    expect(await Array.fromAsync(client.read())).toEqual([{ voltage: 230.1, current: 0.5 }])
    await using second = await serve(power({ outlet: 2 }))
    expect(await Array.fromAsync(second.read())).toEqual([{ voltage: 230.1, current: 0 }])
    await makeExporterSafe({ name: 'lab', labels: {}, warnings: [], createRoot: () => power() })
    expect(isOn(1)).toBe(false)
  })

  test.each<[name: string, more: Partial<NutPowerConfig>, error: object]>([
    ['a wrong password', { password: 'wr0ng' }, { code: 'UNAUTHENTICATED', message: /ERR ACCESS-DENIED/ }],
    ['no user', { username: undefined, password: undefined }, { code: 'UNAUTHENTICATED', message: /ERR USERNAME-/ }],
    ['a user without rights', nutGuest, { code: 'UNAUTHENTICATED', message: /rights of the user in upsd\.users/ }],
    ['an unknown device', { ups: 'rack' }, { code: 'DEVICE_IO', message: /ERR UNKNOWN-UPS/ }],
    ['an unknown variable', { variable: 'outlet.9.switch' }, { code: 'DEVICE_IO', message: /ERR VAR-NOT-SUPPORTED/ }],
    ['a command that it lacks', { variable: undefined }, { code: 'DEVICE_IO', message: /CMD-NOT-SUPPORTED; if upsrw/ }],
    [
      'a closed port',
      { port: 1 },
      { code: 'DEVICE_IO', message: /Cannot reach upsd at 127\.0\.0\.1:1: .*ECONNREFUSED/ },
    ],
  ])('%s is an error of the lab', async (_, more, expected) => {
    await using client = await serve(power(more))
    const error: unknown = await client.on().catch((failure: unknown) => failure)
    expect(error).toMatchObject({ origin: 'lab', ...expected })
    expect(JSON.stringify(error)).not.toMatch(/wr0ng|se"cr/)
  })

  test('upsd that hangs is late, and the next call does not get the answer of the cancelled one', async () => {
    await using client = await serve(power())
    await using hurried = await serve(power({ timeout: 0.3 }))
    await client.off()
    const controller = new AbortController()
    upsd.signal('SIGSTOP')
    try {
      const cancelled = client.with({ signal: controller.signal }).on()
      await expect(hurried.on()).rejects.toMatchObject({ code: 'CALL_TIMEOUT', origin: 'lab' })
      controller.abort()
      await expect(cancelled).rejects.toMatchObject({ code: 'CALL_CANCELLED' })
    } finally {
      upsd.signal('SIGCONT')
    }
    await client.off()
    expect(await Array.fromAsync(client.read())).toHaveLength(1)
  })

  test('upsd that goes in mid-call, or loses its driver, is an error of the lab', async () => {
    await using client = await serve(power())
    await client.off()
    upsd.signal('SIGSTOP')
    const gone = async () => {
      await new Promise((resolve) => setTimeout(resolve, 100))
      await upsd.kill()
    }
    const lost = { code: 'DEVICE_IO', origin: 'lab', message: /Lost upsd/ }
    await Promise.all([expect(client.on()).rejects.toMatchObject(lost), gone()])
    await upsd.restart()
    await client.on()
    expect(isOn(1)).toBe(true)
    expect(await NutPower.check({ host: '127.0.0.1', port: upsd.port, ups: 'pdu' }, {})).toMatchObject([
      { isMet: true },
    ])
    await upsd.killDriver()
    const driverless = { code: 'DEVICE_IO', origin: 'lab', message: /ERR (?:DRIVER-NOT-CONNECTED|DATA-STALE)/ }
    await expect(client.off()).rejects.toMatchObject(driverless)
  })
})

/** A server in the place of `upsd`, for devices with commands and for older versions. It notes what it is asked. */
async function startServer(answer: (question: string) => string) {
  const questions: string[] = []
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    createInterface(socket).on('line', (line) => {
      questions.push(line)
      socket.write(answer(line))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { port, questions, [Symbol.asyncDispose]: async () => void server.close() }
}

test('commands switch a device that has them, also with a version of NUT that does not tell their results', async () => {
  await using server = await startServer((question) =>
    question.startsWith('SET TRACKING') ? 'ERR INVALID-ARGUMENT\n' : 'OK\n',
  )
  const config = { host: '127.0.0.1', port: server.port, ups: 'myups', username: 'admin', password: 'a b' }
  await using whole = await serve(new NutPower(config))
  await whole.on()
  await using outlet = await serve(new NutPower({ ...config, outlet: 3 }))
  await outlet.off()
  const login = ['USERNAME admin', 'PASSWORD "a b"', 'SET TRACKING ON']
  expect(server.questions).toEqual([...login, 'INSTCMD myups load.on', ...login, 'INSTCMD myups outlet.3.load.off'])
})

test('a command that the device could not do is an error, and one under way is waited for', async () => {
  let results = ['PENDING', 'PENDING', 'ERR FAILED', 'SUCCESS']
  await using server = await startServer((question) => {
    if (question.startsWith('INSTCMD')) return 'OK TRACKING 1bd31808\n'
    return question === 'GET TRACKING 1bd31808' ? `${results.shift()}\n` : 'OK\n'
  })
  await using power = await serve(new NutPower({ host: '127.0.0.1', port: server.port, ups: 'myups', username: 'a' }))
  await expect(power.on()).rejects.toMatchObject({ code: 'DEVICE_IO', origin: 'lab', message: /load\.on: ERR FAILED/ })
  await power.on()
  expect(results).toEqual([])
})

test.each<[answer: string, error: object]>([
  ['VAR myups output.voltage "much"', { code: 'RESULT_INVALID', origin: 'lab' }],
  ['VAR myups output.voltage ""', { code: 'RESULT_INVALID', origin: 'lab' }],
  ['ERR VAR-NOT-SUPPORTED', { code: 'NOT_IMPLEMENTED', message: /neither output\.voltage nor output\.current/ }],
  ['ERR DATA-STALE', { code: 'DEVICE_IO', origin: 'lab' }],
  ['SSH-2.0-OpenSSH_9.2', { code: 'DEVICE_IO', origin: 'lab' }],
])('a measurement with the answer %s fails', async (answer, error) => {
  await using server = await startServer(() => `${answer}\n`)
  await using power = await serve(new NutPower({ host: '127.0.0.1', port: server.port, ups: 'myups' }))
  await expect(power.read().next()).rejects.toMatchObject(error)
})
