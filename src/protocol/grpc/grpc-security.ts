import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { checkServerIdentity, type PeerCertificate } from 'node:tls'

import { type ChannelCredentials, type ChannelOptions, credentials, Metadata } from '@grpc/grpc-js'

import { HardwareError, messageOf } from '../../errors.ts'
import type { Address } from '../address.ts'
import { type ConnectionSecurity, passphraseKey } from '../endpoint.ts'
import { leaseKeyName } from '../lease-service.ts'

/**
 * The credentials of a connection to an exporter: TLS, except on unix sockets and with `insecure`. The server's certificate
 * has to be for the host that the address names.
 *
 * @throws HardwareError ARGUMENT_INVALID when `ca` has no certificate in it
 */
export function channelCredentials(address: Address, { ca, insecure }: ConnectionSecurity): ChannelCredentials {
  if (address.kind === 'unix' || insecure === true) return credentials.createInsecure()
  return tlsCredentials(address, ca)
}

/**
 * The credentials of a connection to a controller or a router: always TLS. `insecure` means that the certificate is not
 * checked, as in Jumpstarter's `tls.insecure`.
 *
 * @throws HardwareError ARGUMENT_INVALID when `ca` has no certificate in it
 */
export function controllerCredentials(
  address: Address,
  { ca, insecure }: Pick<ConnectionSecurity, 'ca' | 'insecure'>,
): ChannelCredentials {
  if (insecure === true) return credentials.createSsl(null, null, null, { rejectUnauthorized: false })
  return tlsCredentials(address, ca)
}

function tlsCredentials(address: Address, ca: string | undefined): ChannelCredentials {
  if (address.kind === 'unix') {
    throw new HardwareError('ARGUMENT_INVALID', `${address.path} is no host:port`, { origin: 'plugin' })
  }
  const verify = isIP(address.host) === 0 ? {} : { checkServerIdentity: checkAgainst(address.host) }
  if (ca === undefined) return credentials.createSsl(null, null, null, verify)
  try {
    new X509Certificate(ca)
  } catch (cause) {
    throw new HardwareError('ARGUMENT_INVALID', `The CA to trust is not a certificate in PEM: ${messageOf(cause)}`, {
      cause,
      origin: 'plugin',
    })
  }
  return credentials.createSsl(Buffer.from(ca), null, null, verify)
}

/**
 * The options of a channel that go with {@link channelCredentials}. An IP address may not be sent as the server's name
 * (RFC 6066, section 3), and Node.js warns of it. The certificate is checked against the IP address all the same.
 */
export function tlsChannelOptions(address: Address): ChannelOptions {
  const byIp = address.kind === 'tcp' && isIP(address.host) !== 0
  return byIp ? { 'grpc.ssl_target_name_override': 'localhost' } : {}
}

function checkAgainst(host: string) {
  return (_name: string, certificate: PeerCertificate) => checkServerIdentity(host, certificate)
}

/** Makes metadata with the passphrase and the key of the lease, if there are any. */
export function exporterMetadata({ passphrase, leaseKey }: ConnectionSecurity): Metadata {
  const metadata = new Metadata()
  if (passphrase !== undefined) metadata.set(passphraseKey, checkPassphrase(passphrase))
  if (leaseKey !== undefined) metadata.set(leaseKeyName, leaseKey)
  return metadata
}

/**
 * Checks that a passphrase can be sent: gRPC's metadata is made of printable ASCII characters.
 *
 * @returns the passphrase
 * @throws HardwareError ARGUMENT_INVALID, without the passphrase in its message
 */
export function checkPassphrase(passphrase: string): string {
  if (/^[!-~](?:[ -~]*[!-~])?$/.test(passphrase)) return passphrase
  const what = 'is made of printable ASCII characters, without spaces at its ends, and has at least one'
  throw new HardwareError('ARGUMENT_INVALID', `A passphrase ${what}`, { origin: 'plugin' })
}
