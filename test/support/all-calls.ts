import { connect } from '../../src/index.ts'
import { parseAddress } from '../../src/protocol/address.ts'
import { GrpcChannel } from '../../src/protocol/grpc/grpc-channel.ts'

/**
 * Makes every call of a client but byte streams, to an exporter that may answer anything.
 *
 * @param path the exporter's socket
 * @param more makes more calls on the same channel
 * @returns the errors of the calls that failed
 */
export async function errorsOfAllCalls(
  path: string,
  {
    timeoutMs,
    connectMs,
    more,
  }: { timeoutMs: number; connectMs: number; more?: (channel: GrpcChannel) => Promise<void> },
): Promise<unknown[]> {
  const channel = new GrpcChannel(parseAddress(path))
  const target = { uuid: 'x', method: 'y' }
  const limit = { timeoutMs }
  const results = await Promise.allSettled([
    channel.report(limit),
    channel.state(limit),
    channel.endSession(limit),
    channel.call(target, [], limit),
    Array.fromAsync(channel.streamingCall(target, [], limit)),
    Array.fromAsync(channel.logs(limit)),
    channel.openResource('x', null, limit),
    more?.(channel),
    // Without the signal it waits for as long as the exporter says that a hook is running.
    connect(path, { timeoutMs, signal: AbortSignal.timeout(connectMs) }).then((connection) => connection.close()),
  ])
  channel.close()
  return results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
}
