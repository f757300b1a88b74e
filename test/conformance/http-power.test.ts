import { STATUS_CODES } from 'node:http'
import { expect, test } from 'vitest'

import { describePower } from '../../src/conformance/index.ts'
import { HttpPower, type HttpPowerConfig } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { makeExporterSafe } from '../../src/runtime/open-session.ts'
import { startHttpRelay } from './support/http-relay.ts'

function configFor(url: string, more: Partial<HttpPowerConfig> = {}): HttpPowerConfig {
  return {
    power_on: { url: `${url}/on` },
    power_off: { url: `${url}/off` },
    power_read: { url: `${url}/status` },
    ...more,
  }
}

/** A relay, and a client of a driver for it. */
async function startPower(more: Partial<HttpPowerConfig> = {}, options: Parameters<typeof startHttpRelay>[0] = {}) {
  const relay = await startHttpRelay(options)
  const power = await serve(new HttpPower(configFor(relay.url, more)))
  return {
    relay,
    power,
    async [Symbol.asyncDispose]() {
      await power[Symbol.asyncDispose]()
      await relay[Symbol.asyncDispose]()
    },
  }
}

describePower(
  'HttpPower',
  async () => {
    let relay = await startHttpRelay()
    const { port } = relay
    return {
      driver: new HttpPower(configFor(relay.url)),
      isOn: () => relay.isOn,
      interrupt: () => relay[Symbol.asyncDispose](),
      async restore() {
        relay = await startHttpRelay({ port })
      },
      [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose](),
    }
  },
  { against: 'a server of Node.js that answers as a plug of Shelly does' },
)

test('switches, measures volts and amperes, and is off when it is safe', async () => {
  await using peers = await startPower()
  const { power, relay } = peers
  await power.on()
  await power.on()
  expect(relay.isOn).toBe(true)
  expect(await Array.fromAsync(power.read())).toEqual([{ voltage: 230.5, current: 0.25 }])
  await power.off()
  expect(relay.isOn).toBe(false)
  expect(await Array.fromAsync(power.read())).toEqual([{ voltage: 230.5, current: 0 }])
  await power.on()
  const createRoot = () => new HttpPower(configFor(relay.url))
  await makeExporterSafe({ name: 'lab', labels: {}, warnings: [], createRoot })
  expect(relay.isOn).toBe(false)
})

test('sends the method and the body of the config, without a content type', async () => {
  await using relay = await startHttpRelay()
  const config = configFor(relay.url, {
    power_on: { url: `${relay.url}/on?turn=on&id=a%20b`, method: 'post', data: 'action=on ☂' },
    power_off: { url: `${relay.url}/off`, method: 'DELETE', data: 'not sent' },
  })
  await using power = await serve(new HttpPower(config))
  await power.on()
  await power.off()
  expect(relay.requests.map(({ method, path, body }) => [method, path, body])).toEqual([
    ['POST', '/on?turn=on&id=a%20b', 'action=on ☂'],
    ['DELETE', '/off', ''],
  ])
  expect(relay.requests[0]?.headers).not.toHaveProperty('content-type')
})

test('calls at the same time reach the relay one after another', async () => {
  await using peers = await startPower()
  const { power, relay } = peers
  let running = 0
  relay.behave('/on', (_, response) => {
    expect(++running).toBe(1)
    setTimeout(() => {
      running--
      response.end()
    }, 2)
  })
  await Promise.all(Array.from({ length: 10 }, () => power.on()))
  expect(relay.requests).toHaveLength(10)
})

test('credentials of the config, or of the URL, are sent, and no error shows them', async () => {
  await using relay = await startHttpRelay({ credentials: 'admin:s€cret' })
  const basic = { user: 'admin', password: 's€cret' }
  await using power = await serve(new HttpPower(configFor(relay.url, { auth: { basic } })))
  await power.on()
  const url = relay.url.replace('//', '//admin:s%E2%82%ACcret@')
  await using other = await serve(new HttpPower(configFor(url)))
  await other.off()
  const wrong = {
    auth: { basic: { user: 'admin', password: 'wr0ng' } },
    power_off: { url: `${url}/off?pw=s%E2%82%ACcret` },
  }
  await using stranger = await serve(new HttpPower(configFor(relay.url, wrong)))
  const error: unknown = await stranger.off().catch((failure: unknown) => failure)
  expect(error).toMatchObject({
    code: 'UNAUTHENTICATED',
    origin: 'lab',
    message: `off: power_off of device, GET ${relay.url}/off?pw=…: the device answered 401 Unauthorized: check auth.basic`,
  })
  expect(JSON.stringify(error)).not.toMatch(/wr0ng|s.{1,12}cret/)
  relay.behave('/on', (_, response) => {
    response.writeHead(401, { 'www-authenticate': 'Digest qop="auth", realm="shelly"' }).end()
  })
  await expect(power.on()).rejects.toThrow('check auth.basic; it asks for Digest, and this driver has only Basic')
})

test('redirects are followed; credentials stay with their host', async () => {
  await using other = await startHttpRelay()
  const basic = { user: 'admin', password: 'secret' }
  const request = { method: 'POST', data: 'on=1' }
  await using peers = await startPower({ auth: { basic } }, { credentials: 'admin:secret' })
  const { relay } = peers
  const redirects: readonly [path: string, status: number, to: string][] = [
    ['/see-other', 303, '/on'],
    ['/again', 307, '/on'],
    ['/elsewhere', 308, `${other.url}/on`],
    ['/loop', 302, '/loop'],
  ]
  for (const [path, status, location] of redirects) {
    relay.behave(path, (_, response) => response.writeHead(status, { location }).end())
  }
  const through = (path: string) =>
    serve(
      new HttpPower(configFor(relay.url, { auth: { basic }, power_on: { url: `${relay.url}${path}`, ...request } })),
    )
  await using seeOther = await through('/see-other')
  await seeOther.on()
  expect(relay.requests.at(-1)).toMatchObject({ method: 'GET', path: '/on', body: '' })
  await using again = await through('/again')
  await again.on()
  expect(relay.requests.at(-1)).toMatchObject({ method: 'POST', path: '/on', body: 'on=1' })
  await using elsewhere = await through('/elsewhere')
  await elsewhere.on()
  expect(other.requests).toMatchObject([{ method: 'POST', body: 'on=1' }])
  expect(other.requests[0]?.headers).not.toHaveProperty('authorization')
  await using loop = await through('/loop')
  await expect(loop.on()).rejects.toMatchObject({
    code: 'DEVICE_IO',
    origin: 'lab',
    message: /POST .*\/loop: redirect count exceeded/,
  })
})

test('every status that is not successful is an error of the lab', async () => {
  await using peers = await startPower()
  const { power, relay } = peers
  let status = 200
  relay.behave('/on', (_, response) => response.writeHead(status).end())
  for (status of Object.keys(STATUS_CODES).map(Number)) {
    if (status < 200) continue
    if (status < 300) {
      await power.on()
      continue
    }
    const code = status === 401 || status === 403 ? 'UNAUTHENTICATED' : 'DEVICE_IO'
    // A proxy's status, which fetch does not pass on.
    const message = status === 407 ? /proxy authentication/ : new RegExp(`the device answered ${status}`)
    await expect(power.on()).rejects.toMatchObject({ code, origin: 'lab', message })
  }
})

test('a slow relay is late after the time limit of the config, and the request ends with the call', async () => {
  await using peers = await startPower({ timeout: 0.1 })
  const { power, relay } = peers
  relay.behave('/on', () => undefined)
  relay.behave('/status', (_, response) => response.write('{"voltage": '))
  await expect(power.on()).rejects.toMatchObject({
    code: 'CALL_TIMEOUT',
    origin: 'lab',
    message: `on: power_on of device, GET ${relay.url}/on, did not end within 100 ms`,
  })
  await expect(power.read().next()).rejects.toMatchObject({ code: 'CALL_TIMEOUT', origin: 'lab' })
  await expect.poll(() => relay.sockets.size).toBe(0)
  await using patient = await serve(new HttpPower(configFor(relay.url)))
  const controller = new AbortController()
  const call = patient.with({ signal: controller.signal }).on()
  await expect.poll(() => relay.sockets.size).toBe(1)
  controller.abort()
  await expect(call).rejects.toMatchObject({ code: 'CALL_CANCELLED' })
  await expect.poll(() => relay.sockets.size).toBe(0)
  await patient.off()
})

test('a relay that breaks off, answers nonsense, or goes is an error of the lab, and works when it is back', async () => {
  await using peers = await startPower()
  const { power, relay } = peers
  relay.behave('/on', (request) => request.socket.destroy())
  await expect(power.on()).rejects.toMatchObject({
    code: 'DEVICE_IO',
    origin: 'lab',
    message: /\/on: other side closed/,
  })
  relay.behave('/on', (_, response) =>
    response.writeHead(200, { 'content-length': 100 }).write('half', () => response.destroy()),
  )
  await expect(power.on()).rejects.toMatchObject({
    code: 'DEVICE_IO',
    origin: 'lab',
    message: /\/on: other side closed/,
  })
  relay.behave('/on', (request) => request.socket.end('SSH-2.0-OpenSSH_9.2\r\n'))
  await expect(power.on()).rejects.toMatchObject({ code: 'DEVICE_IO', origin: 'lab' })
  relay.behave('/on', (_, response) => response.end('x'.repeat(2 ** 20 + 1)))
  await expect(power.on()).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED', origin: 'lab' })
  relay.behave('/on', () => void relay[Symbol.asyncDispose]())
  await expect(power.on()).rejects.toMatchObject({ code: 'DEVICE_IO', origin: 'lab' })
  await expect(power.on()).rejects.toMatchObject({
    code: 'DEVICE_IO',
    origin: 'lab',
    message: /connect ECONNREFUSED 127.0.0.1/,
  })
  await using back = await startHttpRelay({ port: relay.port })
  await power.on()
  expect(back.isOn).toBe(true)
})

test('check says if the relay can be reached', async () => {
  const relay = await startHttpRelay()
  const config = configFor(relay.url)
  const name = `127.0.0.1:${relay.port}`
  expect(await HttpPower.check(config, {})).toEqual([{ name, isMet: true }])
  await relay[Symbol.asyncDispose]()
  expect(await HttpPower.check(config, {})).toMatchObject([{ name, isMet: false, found: /ECONNREFUSED/ }])
})
