import type { Duplex } from 'node:stream'

import type { WaitOptions } from '../../base/wait-options.ts'
import { timeLimitError } from '../../base/time-limit.ts'
import { type HardwareError, messageOf } from '../../errors.ts'
import { Mitmproxy, type MitmproxyMode } from '../../interfaces/mitmproxy.ts'
import { driverError, labelOf } from '../client-node.ts'
import { DriverClient } from '../driver-client.ts'
import { waitOfDriver } from '../driver-wait.ts'
import { type CapturedRequest, toCapturedRequest } from './captured-request.ts'
import { type MockResponse, toWireResponse } from './mock-response.ts'

export type { CapturedRequest } from './captured-request.ts'
export type { MockResponse } from './mock-response.ts'

/** The name of a proxy that is the root of an exporter, in errors. */
const name = 'proxy'
/** The beginnings of the driver's answers to a call that has worked. The others are mistakes. */
const success = /^(?:Started|Stopped|Not running|Cleared|Loaded|Uploaded|Removed|State set|(?:[A-Z]\w+ m|M)ock set)\b/

/** Options of {@link MitmproxyClient.start}. */
export interface MitmproxyStartOptions {
  /** Default `mock`. */
  readonly mode?: MitmproxyMode | undefined
  /** True to serve the proxy's web page (default false). */
  readonly webUi?: boolean | undefined
  /** The record to answer from, in the mode `replay`. */
  readonly replayFile?: string | undefined
  /** The port to listen on (default: the driver's config). */
  readonly port?: number | undefined
}

/** A mock, which is removed when it is disposed of. */
export interface MockedEndpoint extends AsyncDisposable {
  /** @returns false if it was removed before */
  remove(): Promise<boolean>
}

/**
 * A proxy for HTTP and HTTPS between a board and the network.
 *
 * @example
 * ```ts
 * await dut.proxy.start()
 * await using update = await dut.proxy.mock('GET', '/api/update', { body: { version: '2.0.0' } })
 * const request = await dut.proxy.waitForRequest('GET', '/api/update', { timeoutMs: 30_000 })
 * expect(request.wasMocked).toBe(true)
 * ```
 */
export class MitmproxyClient extends DriverClient<typeof Mitmproxy> {
  static readonly interface = Mitmproxy

  /** @throws HardwareError CALL_FAILED when the proxy does not start, or runs already */
  async start(options: MitmproxyStartOptions = {}): Promise<void> {
    const { mode = 'mock', webUi = false, replayFile = '', port = 0 } = options
    this.confirm(await this.call('start', mode, webUi, replayFile, port))
  }

  /** Ends the proxy. A proxy that does not run is no error. */
  async stop(): Promise<void> {
    this.confirm(await this.call('stop'))
  }

  isRunning(): Promise<boolean> {
    return this.call('isRunning')
  }

  /** Opens a connection to the proxy's web page. */
  connectWeb(): Promise<Duplex> {
    return this.stream('connectWeb')
  }

  /** Answers requests, in the mode `mock`. An earlier mock of the endpoint is replaced. */
  async mock(method: string, path: string, response: MockResponse): Promise<MockedEndpoint> {
    return this.mockSequence(method, path, [response])
  }

  /** Answers requests with one response after another; `repeat` times with each, and for ever with the last one. */
  async mockSequence(
    method: string,
    path: string,
    responses: readonly (MockResponse & { readonly repeat?: number | undefined })[],
  ): Promise<MockedEndpoint> {
    const sequence = responses.map((response) => ({ ...toWireResponse(response), repeat: response.repeat ?? 1 }))
    return this.mocked(method, path, await this.call('setMockSequence', method, path, JSON.stringify(sequence)))
  }

  /** Answers by the first rule whose conditions fit the request. `match` is in the form of Jumpstarter's driver. */
  async mockRules(
    method: string,
    path: string,
    rules: readonly (MockResponse & { readonly match?: Readonly<Record<string, unknown>> | undefined })[],
  ): Promise<MockedEndpoint> {
    const wire = rules.map(({ match, ...response }) => ({ ...(match && { match }), ...toWireResponse(response) }))
    return this.mocked(method, path, await this.call('setMockConditional', method, path, JSON.stringify(wire)))
  }

  /** Passes requests, and sets fields in the JSON of the answers. */
  async mockPatch(method: string, path: string, fields: Readonly<Record<string, unknown>>): Promise<MockedEndpoint> {
    return this.mocked(method, path, await this.call('setMockPatch', method, path, JSON.stringify(fields)))
  }

  /** Removes all mocks. */
  async clearMocks(): Promise<void> {
    this.confirm(await this.call('clearMocks'))
  }

  /** Reads the mocks in the form of Jumpstarter's driver, by `METHOD /path`. */
  async listMocks(): Promise<Record<string, unknown>> {
    return this.parse(await this.call('listMocks')) as Record<string, unknown>
  }

  /**
   * Replaces all mocks by a scenario.
   *
   * @param filename its end tells the format of the content: `.json` or `.yaml`
   */
  async loadScenario(filename: string, content: string): Promise<void> {
    this.confirm(await this.call('loadMockScenarioContent', filename, content))
  }

  /** The requests so far. */
  async requests(): Promise<CapturedRequest[]> {
    return (this.parse(await this.call('getCapturedRequests')) as unknown[]).map(toCapturedRequest)
  }

  /** The requests so far, and those that come. */
  async *watchRequests(): AsyncGenerator<CapturedRequest, void, void> {
    for await (const text of this.streamingCall('watchCapturedRequests')) yield toCapturedRequest(this.parse(text))
  }

  /**
   * Waits for a request. One that has come already counts, too.
   *
   * @throws HardwareError CALL_TIMEOUT when none comes in time
   */
  async waitForRequest(method: string, path: string, options: WaitOptions = {}): Promise<CapturedRequest> {
    const given = this.with(options).limits()
    const { limits, seconds } = waitOfDriver(given)
    const found = this.parse(await this.with(limits).call('waitForRequest', method, path, seconds))
    if (typeof found === 'object' && found !== null && 'method' in found) return toCapturedRequest(found)
    const wait = `${labelOf(this.node, name)}: the wait for ${method} ${path}`
    throw timeLimitError({ ...given, name: wait, details: { driver: this.node.path } })
  }

  /** Forgets the requests so far. */
  async clearRequests(): Promise<void> {
    this.confirm(await this.call('clearCapturedRequests'))
  }

  /**
   * Reads the certificate that the board has to trust, in PEM.
   *
   * @throws HardwareError CALL_FAILED before the first start, which makes it
   */
  async caCertificate(): Promise<string> {
    const text = await this.call('getCaCert')
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text
    throw this.failed(text)
  }

  /** Reads a record of traffic. @param name as {@link MitmproxyClient.flowFiles} has it */
  async flowFile(name: string): Promise<Buffer> {
    const pieces: Buffer[] = []
    for await (const piece of this.streamingCall('getFlowFile', name)) pieces.push(Buffer.from(piece, 'base64'))
    return Buffer.concat(pieces)
  }

  /** The names of the records of traffic. */
  async flowFiles(): Promise<string[]> {
    return (this.parse(await this.call('listFlowFiles')) as { name: string }[]).map(({ name }) => name)
  }

  private mocked(method: string, path: string, answer: string): MockedEndpoint {
    this.confirm(answer)
    const remove = async () => success.test(await this.call('removeMock', method, path))
    return { remove, [Symbol.asyncDispose]: async () => void (await remove()) }
  }

  private confirm(answer: string): void {
    if (!success.test(answer)) throw this.failed(answer)
  }

  private parse(text: string): unknown {
    try {
      return JSON.parse(text)
    } catch (cause) {
      throw driverError(this.node, 'RESULT_INVALID', messageOf(cause), { name, cause })
    }
  }

  private failed(text: string): HardwareError {
    return driverError(this.node, 'CALL_FAILED', text, { name })
  }
}
