import { status as Status } from '@grpc/grpc-js'

import { startInterval, stopTimer } from '../../base/clock.ts'
import { onAbort } from '../../base/abort.ts'
import { isRecord } from '../../base/check.ts'
import { pause } from '../../base/pause.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import type { Address } from '../address.ts'
import type { Endpoint } from '../endpoint.ts'
import { beatMs, type LeaseClient, readClient, type ToLeases } from '../lease-messages.ts'
import { leaseService, unsafeStatus } from '../lease-service.ts'
import { GrpcCalls } from './grpc-calls.ts'
import { channelCredentials, exporterMetadata } from './grpc-security.ts'
import { openClient, peerOf } from './open-client.ts'

/** The longest wait until the exporter has made its devices safe at the end of a lease, in milliseconds. Its own limit is 5 s. */
const releaseTimeoutMs = 10_000

/** The lease of an exporter that listens. */
export interface TakenLease {
  /** The key that the calls of the lease carry. */
  readonly key: string
  /** Aborted when the exporter ends the lease, or the connection breaks. The reason is a HardwareError. */
  readonly lost: AbortSignal
  /**
   * Ends the lease, and waits until the exporter has made its devices safe. May be called again.
   *
   * @throws HardwareError CLEANUP_FAILED when it could not
   */
  release(): Promise<void>
}

/** Options of {@link takeLease}. */
export interface TakeLeaseOptions {
  readonly endpoint: Omit<Endpoint, 'address'>
  readonly client: Omit<LeaseClient, 'since'>
  /** Is told who has the exporter, each time that this changes. */
  readonly waiting: (holder: LeaseClient) => void
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Waits for the lease of an exporter that listens.
 *
 * @returns `undefined` for an exporter that gives no leases, as Python's
 * @throws HardwareError CONNECTION_FAILED, CONNECTION_LOST, UNAUTHENTICATED; the signal's reason
 */
export async function takeLease(address: Address, options: TakeLeaseOptions): Promise<TakenLease | undefined> {
  const { endpoint, client, waiting, signal } = options
  signal?.throwIfAborted()
  const connection = openClient(address, channelCredentials(address, endpoint), { 'grpc.enable_retries': 0 })
  const peer = peerOf(address, endpoint)
  const metadata = exporterMetadata(endpoint)
  const calls = new GrpcCalls(connection, peer, metadata)
  const { path, requestSerialize, responseDeserialize } = leaseService.take
  const call = connection.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata)
  const lost = new AbortController()
  const granted = Promise.withResolvers<string | undefined>()
  const send = (message: ToLeases) => call.write(message)
  const beat = startInterval(() => send({ type: 'beat' }), beatMs).unref()
  const ended = Promise.withResolvers<void>()
  // Nobody waits for it before the release.
  ended.promise.catch(() => undefined)
  let released: Promise<void> | undefined
  let isOver = false
  const close = () => {
    isOver = true
    stopTimer(beat)
    call.cancel()
    connection.close()
    ended.resolve()
  }
  const release = () => (released ??= isOver ? Promise.resolve() : end())
  const end = async () => {
    isOver = true
    call.end()
    try {
      const late = pause(releaseTimeoutMs, { ref: false }).then(() => {
        throw new HardwareError('CLEANUP_FAILED', `no answer within ${releaseTimeoutMs} ms`)
      })
      await Promise.race([ended.promise, late])
    } catch (cause) {
      const what = `${peer.address} may not be safe: ${messageOf(cause)}`
      throw new HardwareError('CLEANUP_FAILED', what, { cause, details: peer.details })
    } finally {
      close()
    }
  }
  const fail = (error: unknown) => {
    if (isOver) return
    granted.reject(error)
    lost.abort(error)
    close()
  }
  call.on('data', (message: unknown) => {
    if (!isRecord(message)) return
    const { type, key } = message
    const holder = readClient(message['holder'])
    if (type === 'granted' && typeof key === 'string' && /^[\w-]{1,100}$/.test(key)) granted.resolve(key)
    else if (holder !== undefined) waiting(holder)
  })
  call.on('error', (failure: Error & { readonly code?: number }) => {
    if (failure.code === Status.UNIMPLEMENTED) granted.resolve(undefined)
    else fail(calls.toError(failure, { label: 'the lease' }, {}))
  })
  call.on('status', ({ code, details }) => {
    // An exporter that cannot be reached any more makes its devices safe all the same.
    if (code === unsafeStatus && isOver) ended.reject(new Error(details))
    else ended.resolve()
    // Any other status is an error, too.
    if (code !== Status.OK) return
    fail(new HardwareError('LEASE_LOST', `${peer.address} has ended the lease`, { details: peer.details }))
  })
  const stopListening = onAbort(signal, () => fail(signal?.reason))
  try {
    send({ type: 'take', client })
    const key = await granted.promise
    if (key !== undefined) return { key, lost: lost.signal, release }
    close()
    return undefined
  } finally {
    stopListening()
  }
}
