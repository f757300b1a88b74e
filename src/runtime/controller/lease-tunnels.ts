import { connect, type Socket } from 'node:net'

import { anySignal } from '../../base/abort.ts'
import { joinStreams } from '../../base/join-streams.ts'
import { messageOf } from '../../errors.ts'
import type { ControllerEndpoint, TunnelEndpoint } from '../../protocol/controller/controller-messages.ts'
import type { ExporterCalls } from '../../protocol/controller/exporter-calls.ts'
import { RouterTunnels } from '../../protocol/controller/router-tunnels.ts'
import { resubscribe } from './resubscribe.ts'

/** Options of {@link LeaseTunnels}. */
export interface LeaseTunnelsOptions {
  readonly calls: ExporterCalls
  readonly endpoint: ControllerEndpoint
  readonly print: (line: string) => void
  /** Resolves with the address of the session. */
  readonly address: Promise<string>
  /** Ends the wait for clients; the tunnels stay open. */
  readonly over: AbortSignal
}

/** The tunnels of a lease: one for each client that dials, from the controller's router to the session. */
export class LeaseTunnels {
  readonly #lease: string
  readonly #options: LeaseTunnelsOptions
  readonly #tunnels: RouterTunnels
  readonly #sockets = new Set<Socket>()
  readonly #closed = new AbortController()
  readonly #listening: Promise<void>

  /** Begins to wait for clients at once. */
  constructor(lease: string, options: LeaseTunnelsOptions) {
    this.#lease = lease
    this.#options = options
    this.#tunnels = new RouterTunnels(options.endpoint)
    this.#listening = this.#listen().catch((error: unknown) => {
      options.print(`warning: lease ${lease} cannot be dialled: ${messageOf(error)}`)
    })
  }

  /** Closes all tunnels. */
  async close(): Promise<void> {
    this.#closed.abort()
    for (const socket of this.#sockets) socket.destroy()
    this.#tunnels.close()
    await this.#listening
  }

  async #listen(): Promise<void> {
    const { calls, print, over } = this.#options
    const signal = anySignal(over, this.#closed.signal)
    const dialled = resubscribe(() => calls.tunnels(this.#lease, signal), { name: 'Listen', print, signal })
    for await (const tunnel of dialled) {
      void this.#join(tunnel).catch((error: unknown) => print(`warning: ${messageOf(error)}`))
    }
  }

  async #join(tunnel: TunnelEndpoint): Promise<void> {
    const address = await this.#options.address
    const remote = this.#tunnels.open(tunnel)
    const socket = connect(address)
    this.#sockets.add(socket)
    joinStreams(remote, socket, () => this.#sockets.delete(socket))
  }
}
