import { HardwareError } from '../../errors.ts'
import { checkConfig, rules } from '../check-config.ts'

/** A host and a port, as {@link TcpNetwork} and {@link UdpNetwork} are configured. */
export interface EndpointConfig {
  readonly host: string
  readonly port: number
  /** Whether clients may learn the address (default true). */
  readonly enable_address?: boolean
}

/** How long a connection may take to come about, in milliseconds. */
export const connectTimeoutMs = 30_000

/** @throws TypeError with all mistakes of a config */
export function checkEndpoint(config: EndpointConfig): void {
  checkConfig(config, { host: rules.text, port: rules.port, enable_address: rules.optional(rules.flag) })
}

/**
 * The address that clients are told: `tcp://192.0.2.1:22`.
 *
 * @throws HardwareError ARGUMENT_INVALID where the config keeps it from them
 */
export function endpointUrl(scheme: 'tcp' | 'udp', { host, port, enable_address: enabled }: EndpointConfig): string {
  if (enabled === false) {
    throw new HardwareError('ARGUMENT_INVALID', 'The lab does not tell this address (enable_address: false)')
  }
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
}
