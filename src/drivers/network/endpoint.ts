import { lookup } from 'node:dns/promises'

import { HardwareError } from '../../errors.ts'
import { rules } from '../../base/check.ts'
import { hostPort } from '../../base/host-port.ts'
import { withTimeLimit } from '../../base/time-limit.ts'
import { callSignal } from '../../runtime/call.ts'

/** The host and the port in the configs of {@link TcpNetwork} and {@link UdpNetwork}. */
export interface EndpointConfig {
  readonly host: string
  readonly port: number
  /** True if clients can read the address (default true). */
  readonly enable_address?: boolean | undefined
}

/** The longest that a connection may take to open, in milliseconds. */
export const connectTimeoutMs = 30_000

/** The longest that resolving a name for a client may take, in milliseconds. */
const resolveTimeoutMs = 5_000

/** The rules for the config of an endpoint. */
export const endpointRules = { host: rules.text, port: rules.port, enable_address: rules.optional(rules.flag) }

/** Writes an endpoint as a URL: `tcp://192.0.2.1:22`. */
export function endpointUrl(scheme: 'tcp' | 'udp', { host, port }: EndpointConfig): string {
  return `${scheme}://${hostPort(host, port)}`
}

/**
 * Finds the address for clients. A name is resolved here, because it may mean another machine where the client is, or nothing; a name
 * that cannot be resolved stays as it is.
 *
 * @throws HardwareError ARGUMENT_INVALID if the config hides the address
 */
export async function endpointAddress(scheme: 'tcp' | 'udp', config: EndpointConfig): Promise<string> {
  if (config.enable_address === false) throw hiddenAddressError()
  const limit = { name: `the address of ${config.host}`, timeoutMs: resolveTimeoutMs, signal: callSignal() }
  const found = await withTimeLimit(limit, () => lookup(config.host)).catch(() => undefined)
  return endpointUrl(scheme, { ...config, host: found?.address ?? config.host })
}

/** The error of a client that asks for an address that the config hides. */
export function hiddenAddressError(): HardwareError {
  return new HardwareError('ARGUMENT_INVALID', 'The lab does not tell this address (enable_address: false)')
}
