import { readFile } from 'node:fs/promises'
import { BlockList, isIP } from 'node:net'

import { messageOf } from '../errors.ts'
import type { Address } from '../protocol/address.ts'
import { checkPassphrase } from '../protocol/grpc-security.ts'
import type { ListenOptions } from '../runtime/open-session.ts'
import { UsageError } from './usage-error.ts'

/** Where and how an exporter shall listen, as options of the command line. */
export interface ListenArguments {
  readonly socket?: string
  readonly listen?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly insecure?: boolean
  readonly passphrase?: string
  readonly unauthenticated?: boolean
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/**
 * Checks the options that say where to listen, and reads the files that they name.
 *
 * @throws UsageError with all mistakes
 */
export async function readListenOptions(given: ListenArguments): Promise<ListenOptions> {
  const mistakes = findMistakes(given)
  const address = given.listen === undefined ? undefined : parseListen(given.listen)
  if (given.listen !== undefined && address === undefined) {
    mistakes.push(`--listen is '${given.listen}'; it has to be PORT or HOST:PORT, with a port from 0 to 65535`)
  }
  const read = async (option: string, file: string | undefined) =>
    file === undefined
      ? ''
      : readFile(file, 'utf8').catch((error: unknown) => {
          mistakes.push(`${option} cannot be read: ${messageOf(error)}`)
          return ''
        })
  const [cert, key] = await Promise.all([read('--tls-cert', given.tlsCert), read('--tls-key', given.tlsKey)])
  if (mistakes.length > 0) throw new UsageError(mistakes)
  if (address === undefined) {
    return given.socket === undefined ? {} : { address: { kind: 'unix', path: given.socket } }
  }
  const tls = given.tlsCert === undefined ? undefined : { cert, key }
  return { address, security: { tls, passphrase: given.passphrase } }
}

function findMistakes({ socket, listen, tlsCert, tlsKey, insecure, passphrase, unauthenticated }: ListenArguments) {
  if (listen === undefined) {
    const lonely = Object.entries({
      '--tls-cert': tlsCert,
      '--tls-key': tlsKey,
      '--insecure': insecure,
      '--unauthenticated': unauthenticated,
    })
    return lonely.filter(([, value]) => value !== undefined).map(([option]) => `${option} needs --listen`)
  }
  const mistakes: string[] = []
  if (socket !== undefined) mistakes.push('--socket and --listen exclude each other')
  if ((tlsCert === undefined) !== (tlsKey === undefined)) mistakes.push('--tls-cert and --tls-key need each other')
  if (insecure === true && tlsCert !== undefined) mistakes.push('--insecure and --tls-cert exclude each other')
  if (insecure !== true && tlsCert === undefined && tlsKey === undefined) {
    mistakes.push('--listen needs --tls-cert and --tls-key, or --insecure for a connection without TLS')
  }
  if (passphrase === undefined && unauthenticated !== true && !isLoopback(parseListen(listen))) {
    mistakes.push(
      `--listen ${listen} lets anybody who reaches this machine use its hardware: give a --passphrase, or --unauthenticated if that is intended`,
    )
  }
  if (passphrase !== undefined) {
    try {
      checkPassphrase(passphrase)
    } catch (error) {
      mistakes.push(`--passphrase: ${messageOf(error)}`)
    }
  }
  return mistakes
}

/** `PORT`, `HOST:PORT` or `[IPv6]:PORT`; without a host, this machine alone. */
function parseListen(text: string): (Address & { readonly kind: 'tcp' }) | undefined {
  const { host = '127.0.0.1', port } =
    /^(?:(?<host>[^:\s/]+|\[[\da-f:.]+\]):)?(?<port>\d{1,5})$/i.exec(text)?.groups ?? {}
  return port === undefined || Number(port) > 65_535 ? undefined : { kind: 'tcp', host, port: Number(port) }
}

function isLoopback(address: { readonly host: string } | undefined): boolean {
  if (address === undefined) return true
  const host = address.host.replace(/^\[(.*)\]$/, '$1')
  const family = isIP(host)
  return family === 0 ? host === 'localhost' : loopback.check(host, family === 6 ? 'ipv6' : 'ipv4')
}
