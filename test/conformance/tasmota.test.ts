import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { describePower } from '../../src/conformance/index.ts'
import { type TasmotaConfig, TasmotaPower } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { makeExporterSafe } from '../../src/runtime/open-session.ts'
import { missingCommand } from '../support/system-part.ts'
import { brokerUser, plugTopics, startMosquitto, startPlug } from './support/mosquitto.ts'

const missing = missingCommand('mosquitto')

describe.skipIf(missing !== undefined)('Tasmota', () => {
  let broker: Awaited<ReturnType<typeof startMosquitto>>
  let plug: Awaited<ReturnType<typeof startPlug>>
  beforeAll(async () => {
    broker = await startMosquitto()
    plug = await startPlug(broker.ports.tcp)
  })
  afterAll(async () => {
    await plug?.[Symbol.asyncDispose]()
    await broker?.[Symbol.asyncDispose]()
  })
  beforeEach(() => Object.assign(plug, { hears: true, commands: [] }))

  const configFor = (more: Partial<TasmotaConfig> = {}): TasmotaConfig => ({
    host: '127.0.0.1',
    port: broker.ports.tcp,
    tls: false,
    ...brokerUser,
    ...plugTopics,
    ...more,
  })
  const power = (more: Partial<TasmotaConfig> = {}) => new TasmotaPower(configFor(more))
  const restore = async () => {
    await broker.restart()
    await plug.connected()
  }

  describePower(
    'TasmotaPower',
    () => ({ driver: power(), isOn: () => plug.isOn, interrupt: () => broker.kill(), restore }),
    { against: 'mosquitto, and a model of the plug', lacks: { read: "Jumpstarter's driver cannot measure" } },
  )

  test.each<[way: string, more: () => Partial<TasmotaConfig>]>([
    ['TLS', () => ({ host: 'localhost', port: broker.ports.tls, tls: true, tls_ca: broker.caFile })],
    ['WebSockets', () => ({ port: broker.ports.websockets, transport: 'websockets' })],
    ['a unix socket', () => ({ host: broker.socket, transport: 'unix', tls: true })],
  ])('switches over %s, as the client of a name', async (_, more) => {
    await using client = await serve(power({ ...more(), client_id: 'bench-7' }))
    await client.on()
    await client.off()
    expect(plug.commands).toEqual(['OFF', 'ON', 'OFF'])
  })

  test('the plug is off when a session begins, and when it is safe', async () => {
    plug.isOn = true
    await using client = await serve(power())
    expect(plug.isOn).toBe(false)
    await client.on()
    await makeExporterSafe({ name: 'lab', labels: {}, warnings: [], createRoot: () => power() })
    expect(plug.isOn).toBe(false)
  })

  test('a state that the broker has kept is no answer of the plug', async () => {
    await plug.tell('ON', true)
    await using client = await serve(power({ timeout: 0.3 }))
    plug.hears = false
    await expect(client.on()).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
      origin: 'lab',
      message:
        /^on: a call of the plug at cmnd\/plug\/POWER through the broker at 127\.0\.0\.1:\d+ did not end within 300 ms/,
    })
  })

  test.each<[name: string, more: () => Partial<TasmotaConfig>, error: object]>([
    ['a wrong password', () => ({ password: 'wr0ng' }), { code: 'UNAUTHENTICATED', message: /Not authorized; check/ }],
    ['no user', () => ({ username: undefined, password: undefined }), { code: 'UNAUTHENTICATED' }],
    [
      'TLS for a broker without TLS',
      () => ({ tls: true, host: 'localhost' }),
      { code: 'DEVICE_IO', message: /set tls to false/ },
    ],
    [
      'a certificate that nobody knows',
      () => ({ tls: true, host: 'localhost', port: broker.ports.tls }),
      { code: 'DEVICE_IO', message: /certificate/ },
    ],
    [
      'a certificate of another name',
      () => ({ tls: true, host: '127.0.0.2', port: broker.ports.tls, tls_ca: broker.caFile }),
      { code: 'DEVICE_IO' },
    ],
    ['a file that is not there', () => ({ tls: true, tls_ca: '/none.pem' }), { code: 'DEVICE_IO', message: /tls_ca/ }],
    ['a closed port', () => ({ port: 1 }), { code: 'DEVICE_IO', message: /ECONNREFUSED/ }],
  ])('%s is an error of the lab', async (_, more, expected) => {
    const error: unknown = await serve(power(more())).catch((failure: unknown) => failure)
    expect(error).toMatchObject({ origin: 'lab', ...expected })
    expect(JSON.stringify(error)).not.toMatch(/wr0ng|pl€ase/)
  })

  test('a broker that goes in mid-call is an error of the lab, and calls work when it is back', async () => {
    await using client = await serve(power())
    plug.hears = false
    const gone = async () => {
      await new Promise((resolve) => setTimeout(resolve, 100))
      await broker.kill()
    }
    const lost = { code: 'DEVICE_IO', origin: 'lab', message: /Lost the plug/ }
    await Promise.all([expect(client.on()).rejects.toMatchObject(lost), gone()])
    await expect(client.on()).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'lab',
      message: /Cannot reach the plug/,
    })
    plug.hears = true
    await restore()
    await client.on()
    expect(plug.isOn).toBe(true)
    // The connection that was kept ends between two calls.
    await restore()
    await client.off()
    expect(plug.isOn).toBe(false)
  })

  test('a broker that hangs is late, and the cancelled call leaves nothing for the next one', async () => {
    await using client = await serve(power())
    await using hurried = await serve(power({ timeout: 0.3 }))
    const controller = new AbortController()
    broker.signal('SIGSTOP')
    try {
      const cancelled = client.with({ signal: controller.signal }).on()
      await expect(hurried.on()).rejects.toMatchObject({ code: 'CALL_TIMEOUT', origin: 'lab' })
      controller.abort()
      await expect(cancelled).rejects.toMatchObject({ code: 'CALL_CANCELLED' })
    } finally {
      broker.signal('SIGCONT')
    }
    await client.off()
    expect(plug.isOn).toBe(false)
  })

  test('check says if the broker accepts connections', async () => {
    const installed = { name: 'the package mqtt', isMet: true }
    const name = `127.0.0.1:${broker.ports.tcp}`
    expect(await TasmotaPower.check(configFor(), {})).toEqual([installed, { name, isMet: true }])
    const unix = configFor({ host: `${broker.socket}.none`, transport: 'unix' })
    expect(await TasmotaPower.check(unix, {})).toMatchObject([installed, { isMet: false }])
  })
})
