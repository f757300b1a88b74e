import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

import { messageOf } from '../../errors.ts'
import type { ExporterState, ExporterStatusName } from '../../protocol/channel.ts'
import type { ControllerEndpoint, TunnelEndpoint } from '../../protocol/controller-messages.ts'
import type { ExporterAssignment, ExporterCalls } from '../../protocol/exporter-calls.ts'
import { joinStreams } from '../../protocol/join-streams.ts'
import { RouterTunnels } from '../../protocol/router-tunnels.ts'
import { whenAborted } from '../../protocol/when-aborted.ts'
import type { Exporter } from '../exporter.ts'
import { type OpenSession, openSession } from '../open-session.ts'
import { readAgain } from './again.ts'

/** How long clients get to see that a lease has ended before its session does, in milliseconds, as upstream waits. */
const lingerMs = 1_000

/** What {@link serveLease} takes besides the exporter. */
export interface ServeLeaseOptions {
  readonly calls: ExporterCalls
  readonly endpoint: ControllerEndpoint
  readonly print: (line: string) => void
  /** Is told every status that the controller is to know. */
  readonly report: (status: ExporterStatusName, message?: string) => void
  /** Aborted when the controller has ended the lease, or this process is to end. */
  readonly over: AbortSignal
}

/**
 * Serves one lease of a controller: a session of its own, with a tunnel for each client that dials, until the lease is over
 * or its client says that it needs it no more.
 *
 * @throws HardwareError HOOK_FAILED, what opening the session throws, or what could not be cleaned up
 */
export async function serveLease(
  exporter: Exporter,
  { lease, client }: ExporterAssignment,
  { calls, endpoint, print, report, over }: ServeLeaseOptions,
): Promise<void> {
  const tunnels = new RouterTunnels(endpoint)
  const ended = new AbortController()
  const isOver = AbortSignal.any([over, ended.signal])
  const state = ({ status, message }: ExporterState) => {
    // That it is over is told when all is.
    if (status !== 'AVAILABLE' && status !== 'OFFLINE') report(status, message)
  }
  const opening = openSession(exporter, { print, signal: over, lease: { name: lease, client, state } })
  opening.catch(() => undefined)
  const sockets = new Set<Socket>()
  const listening = (async () => {
    const stream = readAgain(() => calls.tunnels(lease, isOver), { name: 'Listen', print, signal: isOver })
    for await (const tunnel of stream) {
      void join(tunnels, tunnel, opening, sockets).catch((error: unknown) => print(`warning: ${messageOf(error)}`))
    }
  })()
  listening.catch((error: unknown) => print(`warning: lease ${lease} cannot be dialled: ${messageOf(error)}`))
  try {
    const open = await opening
    try {
      await new Promise<void>((resolve) => {
        whenAborted(over, resolve)
        open.session.events.once('end', resolve)
      })
      await open.endLease()
      open.session.setStatus('AVAILABLE')
      if (!over.aborted) await delay(lingerMs)
    } finally {
      await open.close()
    }
  } finally {
    ended.abort()
    for (const socket of sockets) socket.destroy()
    tunnels.close()
    await listening.catch(() => undefined)
  }
}

/** Leads one tunnel to the session. */
async function join(
  tunnels: RouterTunnels,
  tunnel: TunnelEndpoint,
  opening: Promise<OpenSession>,
  sockets: Set<Socket>,
): Promise<void> {
  const { address } = await opening
  const remote = tunnels.open(tunnel)
  const socket = connect(address)
  sockets.add(socket)
  joinStreams(remote, socket, () => sockets.delete(socket))
}
