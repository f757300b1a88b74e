import { readFile } from 'node:fs/promises'

import { bareHost, loopback } from '../base/subnets.ts'
import { messageOf } from '../errors.ts'
import type { Address } from '../protocol/address.ts'
import type { ListenOptions } from '../runtime/open-session.ts'
import { type PassphraseArguments, readPassphrase } from './passphrase.ts'
import { UsageError } from './usage-error.ts'

/** The options for the address of an exporter and its security. */
export interface ListenArguments extends PassphraseArguments {
  readonly socket?: string
  readonly listen?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly insecure?: boolean
  readonly unauthenticated?: boolean
}

/**
 * Checks the options for listening, and reads the files that they name.
 *
 * @throws UsageError with all mistakes
 */
export async function readListenOptions(given: ListenArguments): Promise<ListenOptions> {
  const mistakes: string[] = []
  // A passphrase of the environment may be meant for another program, so it needs no --listen.
  const passphrase = given.listen === undefined ? undefined : await readPassphrase(given, mistakes)
  mistakes.unshift(...findMistakes(given, passphrase))
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
  return { address, security: { tls, passphrase } }
}

function findMistakes(given: ListenArguments, passphrase: string | undefined): string[] {
  const { socket, listen, tlsCert, tlsKey, insecure, unauthenticated } = given
  if (listen === undefined) {
    const alone = Object.entries({
      '--tls-cert': tlsCert,
      '--tls-key': tlsKey,
      '--insecure': insecure,
      '--unauthenticated': unauthenticated,
    })
    return alone.filter(([, value]) => value !== undefined).map(([option]) => `${option} needs --listen`)
  }
  const mistakes: string[] = []
  if (socket !== undefined) mistakes.push('--socket and --listen exclude each other')
  if ((tlsCert === undefined) !== (tlsKey === undefined)) mistakes.push('--tls-cert and --tls-key need each other')
  if (insecure === true && tlsCert !== undefined) mistakes.push('--insecure and --tls-cert exclude each other')
  if (insecure !== true && tlsCert === undefined && tlsKey === undefined) {
    mistakes.push('--listen needs --tls-cert and --tls-key, or --insecure for a connection without TLS')
  }
  const isGiven = passphrase !== undefined || given.passphrase !== undefined || given.passphraseFile !== undefined
  if (!isGiven && unauthenticated !== true && !isLoopback(parseListen(listen))) {
    mistakes.push(
      `--listen ${listen} lets everybody who can reach this machine use its hardware: give --passphrase, or --unauthenticated to allow that`,
    )
  }
  return mistakes
}

/** Reads `PORT`, `HOST:PORT` or `[IPv6]:PORT`. Without a host only this machine can connect. */
function parseListen(text: string): (Address & { readonly kind: 'tcp' }) | undefined {
  const { host = '127.0.0.1', port } =
    /^(?:(?<host>[^:\s/]+|\[[\da-f:.]+\]):)?(?<port>\d{1,5})$/i.exec(text)?.groups ?? {}
  return port === undefined || Number(port) > 65_535 ? undefined : { kind: 'tcp', host, port: Number(port) }
}

function isLoopback(address: { readonly host: string } | undefined): boolean {
  if (address === undefined) return true
  const host = bareHost(address.host)
  return host === 'localhost' || loopback.has(host)
}
