import { expect, test } from 'vitest'

import { MitmproxyClient } from '../../src/clients/drivers/mitmproxy-client.ts'
import { EchoNetwork } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { Mitmproxy } from '../../src/interfaces/index.ts'

/** The fields that have the same form here and on the wire. */
const request = {
  method: 'GET',
  url: 'https://updates.example/api/update?board=a&board=b',
  path: '/api/update?board=a&board=b',
  headers: { Host: 'updates.example' },
  query: { board: ['a', 'b'] },
  body: '',
}

const event = {
  timestamp: 1_700_000_000.5,
  ...request,
  response_status: 200,
  was_mocked: true,
  was_patched: false,
  duration_ms: 12,
  response_size: 19,
  response_body: '{"version":"2.0.0"}',
  response_body_file: null,
  response_content_type: 'application/json',
  response_headers: { Server: 'mock' },
  response_is_binary: false,
}

/** The answers of Jumpstarter's driver, in its words. */
class Proxy extends EchoNetwork {
  static override readonly interface = Mitmproxy as never
  readonly mocks: Record<string, unknown> = {}
  mode = 'stopped'

  start(mode: string, ..._others: readonly unknown[]) {
    if (this.mode !== 'stopped') return `Already running in '${this.mode}' mode (PID 7). Stop first.`
    this.mode = mode
    return `Started in '${mode}' mode on 127.0.0.1:8080 (PID 7)`
  }
  stop() {
    const was = this.mode
    this.mode = 'stopped'
    return was === 'stopped' ? 'Not running' : `Stopped (was '${was}' mode, PID 7)`
  }
  isRunning() {
    return this.mode !== 'stopped'
  }
  setMockSequence(method: string, path: string, json: string) {
    const sequence = JSON.parse(json) as unknown[]
    if (sequence.length === 0) return 'Sequence must be a non-empty JSON array'
    this.mocks[`${method} ${path}`] = { sequence }
    return `Sequence mock set: ${method} ${path} → ${sequence.length} step(s)`
  }
  setMockConditional(method: string, path: string, json: string) {
    this.mocks[`${method} ${path}`] = { rules: JSON.parse(json) }
    return `Conditional mock set: ${method} ${path} → 1 rule(s)`
  }
  setMockPatch(method: string, path: string, json: string) {
    this.mocks[`${method} ${path}`] = { patch: JSON.parse(json) }
    return `Patch mock set: ${method} ${path}`
  }
  removeMock(method: string, path: string) {
    const key = `${method} ${path}`
    if (!(key in this.mocks)) return `Mock not found: ${key}`
    delete this.mocks[key]
    return `Removed mock: ${key}`
  }
  clearMocks() {
    for (const key of Object.keys(this.mocks)) delete this.mocks[key]
    return 'Cleared 0 mock(s)'
  }
  listMocks() {
    return JSON.stringify(this.mocks)
  }
  loadMockScenarioContent(filename: string, content: string) {
    return content === '' ? 'Failed to parse scenario: empty' : `Loaded 1 endpoint(s) from ${filename}`
  }
  getCapturedRequests() {
    return JSON.stringify([event])
  }
  async *watchCapturedRequests() {
    for (;;) yield JSON.stringify(event)
  }
  waitForRequest(method: string, path: string, timeout: number) {
    if (path === '/api/update') return JSON.stringify(event)
    return JSON.stringify({ error: `Timed out waiting for ${method} ${path} after ${timeout}s` })
  }
  clearCapturedRequests() {
    return 'Cleared 1 captured request(s)'
  }
  getCaCert() {
    return this.mode === 'stopped'
      ? 'Error: CA cert not found at /conf/ca.pem. Start proxy once to generate.'
      : '-----BEGIN CERTIFICATE-----\n…'
  }
  listFlowFiles() {
    return JSON.stringify([{ name: 'a.flow', path: '/flows/a.flow', size_bytes: 6, modified: '2026-01-01T00:00:00' }])
  }
  *getFlowFile(..._others: readonly unknown[]) {
    yield Buffer.from('flo').toString('base64')
    yield Buffer.from('w\0\xff', 'latin1').toString('base64')
  }
}

const captured = {
  time: 1_700_000_000.5,
  ...request,
  response: {
    status: 200,
    headers: { Server: 'mock' },
    contentType: 'application/json',
    body: '{"version":"2.0.0"}',
    file: null,
    size: 19,
  },
  wasMocked: true,
  wasPatched: false,
  durationMs: 12,
}

test('the proxy starts and stops, and a mistake is an error', async () => {
  await using proxy = await serve(new Proxy(), { client: MitmproxyClient })
  await expect(proxy.caCertificate()).rejects.toMatchObject({ code: 'CALL_FAILED' })
  await proxy.start()
  expect(await proxy.isRunning()).toBe(true)
  await expect(proxy.start()).rejects.toMatchObject({
    code: 'CALL_FAILED',
    message: expect.stringContaining('Already running'),
  })
  expect(await proxy.caCertificate()).toMatch(/^-----BEGIN/)
  await proxy.stop()
  await proxy.stop()
  expect(await proxy.isRunning()).toBe(false)
})

test('mocks are set in the form of the driver, and removed when they are disposed of', async () => {
  await using proxy = await serve(new Proxy(), { client: MitmproxyClient })
  const mocks = [
    await proxy.mock('GET', '/a', { body: { ok: true }, latencyMs: 20 }),
    await proxy.mockSequence('GET', '/b', [{ status: 503, repeat: 2 }, { body: 'fine' }]),
    await proxy.mockRules('POST', '/c', [{ match: { query: { a: 'b' } }, headers: { X: 'y' } }]),
    await proxy.mockPatch('GET', '/d', { version: '3' }),
  ]
  const json = { content_type: 'application/json' }
  expect(await proxy.listMocks()).toEqual({
    'GET /a': { sequence: [{ status: 200, body: { ok: true }, ...json, latency_ms: 20, repeat: 1 }] },
    'GET /b': {
      sequence: [
        { status: 503, body: '', ...json, repeat: 2 },
        { status: 200, body: 'fine', ...json, repeat: 1 },
      ],
    },
    'POST /c': { rules: [{ match: { query: { a: 'b' } }, status: 200, body: '', ...json, headers: { X: 'y' } }] },
    'GET /d': { patch: { version: '3' } },
  })
  for (const each of mocks) await each[Symbol.asyncDispose]()
  expect(await proxy.listMocks()).toEqual({})
  const mock = await proxy.mock('GET', '/a', {})
  expect([await mock.remove(), await mock.remove()]).toEqual([true, false])
  await expect(proxy.mockSequence('GET', '/a', [])).rejects.toMatchObject({ code: 'CALL_FAILED' })
  await proxy.loadScenario('bench.yaml', 'endpoints: {}')
  await expect(proxy.loadScenario('bench.yaml', '')).rejects.toMatchObject({ code: 'CALL_FAILED' })
  await proxy.clearMocks()
})

test('requests are records', async () => {
  await using proxy = await serve(new Proxy(), { client: MitmproxyClient })
  expect(await proxy.requests()).toEqual([captured])
  for await (const request of proxy.watchRequests()) {
    expect(request).toEqual(captured)
    break
  }
  expect(await proxy.waitForRequest('GET', '/api/update', { timeoutMs: 1_000 })).toEqual(captured)
  await expect(proxy.waitForRequest('GET', '/never', { timeoutMs: 100 })).rejects.toMatchObject({
    code: 'CALL_TIMEOUT',
    details: expect.objectContaining({ limitMs: 100 }),
  })
  await proxy.clearRequests()
  expect(await proxy.flowFiles()).toEqual(['a.flow'])
  expect(await proxy.flowFile('a.flow')).toEqual(Buffer.from('flow\0\xff', 'latin1'))
})
