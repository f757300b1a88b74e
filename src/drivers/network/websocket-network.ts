import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { Duplex } from 'node:stream'

import type { WebSocket } from 'ws'

import { checkConfig, ruleFor, rules } from '../../base/check.ts'
import { loadOptionalModule } from '../../base/optional-module.ts'
import type { CheckOptions, Requirement } from '../../base/requirement.ts'
import { withTimeLimit } from '../../base/time-limit.ts'
import { requireAddress, requireModule } from '../../driver-kit/requirements.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { Network } from '../../interfaces/network.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import { connectTimeoutMs, hiddenAddressError } from './endpoint.ts'
import { WebsocketStream } from './websocket-stream.ts'

/** The config of {@link WebsocketNetwork}. */
export interface WebsocketNetworkConfig {
  /** `ws://host:port/path`, or `wss://…` for TLS. Errors and logs show no user, password or query of it. */
  readonly url: string
  /** True if clients can read the URL, with everything in it (default true). */
  readonly enable_address?: boolean | undefined
  /** The path of a PEM file with the authorities that may have signed the server's certificate (default: those of Node.js). */
  readonly ca?: string | undefined
}

const url = ruleFor('a URL that begins with ws:// or wss://', (value) => {
  return typeof value === 'string' && URL.canParse(value) && /^wss?:$/.test(new URL(value).protocol)
})

/**
 * A WebSocket that the exporter can reach. Each chunk of a connection is one message: text and binary ones are read as bytes, and
 * binary ones are sent. A WebSocket cannot end one half, so a connection lasts until the server or the client closes it. Needs the
 * package ws.
 *
 * @example
 * ```yaml
 * export:
 *   events:
 *     type: jumpstarter_driver_network.driver.WebsocketNetwork
 *     config: { url: "ws://bench.example:8080/events" }
 * ```
 */
export class WebsocketNetwork extends Driver implements Implementation<typeof Network> {
  static readonly interface = Network
  static readonly configRules = {
    url,
    enable_address: rules.optional(rules.flag),
    ca: rules.optional(rules.text),
  }
  readonly #config: WebsocketNetworkConfig

  /** @throws TypeError with all mistakes of the config */
  constructor(config: WebsocketNetworkConfig) {
    super()
    checkConfig(config, WebsocketNetwork.configRules)
    this.#config = config
  }

  /** Looks for the package ws, and tries to connect to the server's port. */
  static async check(config: WebsocketNetworkConfig, options: CheckOptions): Promise<readonly Requirement[]> {
    const { protocol, hostname, port } = new URL(config.url)
    const host = hostname.replace(/^\[(.*)\]$/, '$1')
    const usualPort = protocol === 'wss:' ? 443 : 80
    return Promise.all([
      requireModule('ws', () => import('ws')),
      requireAddress(host, port === '' ? usualPort : Number(port), options),
    ])
  }

  async connect(): Promise<Duplex> {
    const name = shownUrl(this.#config.url)
    const signal = callSignal()
    const { WebSocket: Socket } = await loadOptionalModule('ws', 'WebsocketNetwork', () => import('ws'))
    try {
      const { ca } = this.#config
      const socket = new Socket(this.#config.url, {
        // A server could send a small message that becomes a huge one.
        perMessageDeflate: false,
        ...(ca === undefined ? {} : { ca: await readFile(ca) }),
      })
      return new WebsocketStream(await opened(socket, name, signal), name)
    } catch (error) {
      if (error instanceof HardwareError || signal.aborted) throw error
      const message = `Cannot connect to ${name}: ${messageOf(error)}`
      throw new HardwareError('DEVICE_IO', message, { cause: error, origin: 'lab' })
    }
  }

  address() {
    if (this.#config.enable_address === false) throw hiddenAddressError()
    return this.#config.url
  }
}

/** Waits for the server's answer. The first messages may come in the same moment, so they wait until somebody reads. */
async function opened(socket: WebSocket, name: string, signal: AbortSignal): Promise<WebSocket> {
  socket.on('open', () => socket.pause())
  try {
    const limit = { name: `the connection to ${name}`, timeoutMs: connectTimeoutMs, signal }
    await withTimeLimit(limit, () => once(socket, 'open'))
    return socket
  } catch (error) {
    // A socket that is ended while it connects has an error once more.
    socket.on('error', () => undefined).terminate()
    throw error
  }
}

/** The URL without its secrets. */
function shownUrl(text: string): string {
  const { protocol, host, pathname } = new URL(text)
  return `${protocol}//${host}${pathname}`
}
