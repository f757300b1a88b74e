import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

import { LineCounter, parseDocument } from 'yaml'

import { HardwareError, messageOf } from '../../errors.ts'
import type { ControllerEndpoint } from '../../protocol/controller-messages.ts'
import { readCa, readGrpcOptions } from '../../protocol/endpoint.ts'
import { type Environment, isInsecure } from '../environment.ts'

/** Limits that a configuration has, or Jumpstarter's own, in milliseconds. */
interface Timeouts {
  /** How long a lease may be waited for (default 7200 s). */
  readonly acquisitionTimeoutMs: number
  /** How long dialling is tried again (default 60 s). */
  readonly dialTimeoutMs: number
  /** How long others are leased instead of an exporter that cannot be reached (default 300 s; 0 not at all). */
  readonly retryTimeoutMs: number
}

/** A client of a controller, as Jumpstarter's configuration has it. */
export interface ClientConfig extends ControllerEndpoint, Timeouts {
  /** Where it comes from, for messages: a file, or the environment. */
  readonly source: string
}

/** Which configuration is meant; without either that of the environment, else the current one of the user. */
export interface ClientConfigChoice {
  /** The path of a file. */
  readonly file?: string | undefined
  /** The alias of a client: the name of its file in Jumpstarter's folder. */
  readonly alias?: string | undefined
}

const fields = { name: 'JMP_NAME', namespace: 'JMP_NAMESPACE', endpoint: 'JMP_ENDPOINT', token: 'JMP_TOKEN' } as const

/**
 * Reads Jumpstarter's own configuration of a client. As there, variables (`JMP_ENDPOINT`, `JMP_TOKEN`, …) fill what its file
 * does not say, and `JMP_DIAL_TIMEOUT` and `JMP_RETRY_TIMEOUT` count before it.
 *
 * @throws HardwareError CLIENT_CONFIG_INVALID with all mistakes and where they are
 */
export async function loadClientConfig(choice: ClientConfigChoice, environment: Environment): Promise<ClientConfig> {
  const folder = configFolder(environment)
  const fromEnvironment = Object.values(fields).every((variable) => environment[variable])
  if (choice.file === undefined && choice.alias === undefined && fromEnvironment) {
    return read({}, 'the environment', environment, () => '')
  }
  const file = choice.file ?? join(folder, 'clients', `${choice.alias ?? (await currentAlias(folder))}.yaml`)
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw invalid(file, [`cannot be read: ${messageOf(cause)}`], cause)
  })
  const { value, lineOf } = parse(text, file)
  return read(value, file, environment, lineOf)
}

function configFolder(environment: Environment): string {
  const base = environment['XDG_CONFIG_HOME'] || join(homedir(), '.config')
  return environment['JMP_CLIENT_CONFIG_HOME'] || join(base, 'jumpstarter')
}

async function currentAlias(folder: string): Promise<string> {
  const file = join(folder, 'config.yaml')
  const text = await readFile(file, 'utf8').catch(() => '')
  const { value } = parse(text, file)
  const alias = at(value, ['config', 'current-client'])
  if (typeof alias === 'string' && alias !== '') return alias
  throw invalid(file, [
    'names no current client: choose one (`jmp config client use ALIAS`), give --client or --client-config, or set ' +
      Object.values(fields).join(', '),
  ])
}

function read(value: unknown, source: string, environment: Environment, lineOf: (path: Path) => string): ClientConfig {
  const mistakes: string[] = []
  const text = (path: Path, variable?: string): string | undefined => {
    const found = at(value, path) ?? (variable === undefined ? undefined : environment[variable] || undefined)
    if (found === undefined || found === null || typeof found === 'string') return found ?? undefined
    mistakes.push(`${path.join('.')}${lineOf(path)} is a text`)
    return ''
  }
  const required = (path: Path, variable: string): string => {
    const found = text(path, variable)
    if (found === undefined) mistakes.push(`${path.join('.')} is missing, and ${variable} is not set`)
    return found ?? ''
  }
  const seconds = (path: Path, fallback: number, { variable = '', least = 5 } = {}): number => {
    const given = environment[variable] || undefined
    const found = given === undefined ? (at(value, path) ?? fallback) : Number(given)
    if (typeof found === 'number' && found >= least) return found * 1000
    const what = given === undefined ? `${path.join('.')}${lineOf(path)}` : variable
    mistakes.push(`${what} is a number of seconds, ${least} or more`)
    return fallback
  }
  const kind = at(value, ['kind'])
  if (kind !== undefined && kind !== 'ClientConfig') mistakes.push(`kind${lineOf(['kind'])} is ClientConfig`)
  const insecure = at(value, ['tls', 'insecure']) ?? false
  if (typeof insecure !== 'boolean') mistakes.push(`tls.insecure${lineOf(['tls', 'insecure'])} is true or false`)
  const ca = text(['tls', 'ca'])
  const grpcOptions = readGrpcOptions(at(value, ['grpcOptions']) ?? {})
  if (grpcOptions === undefined) {
    mistakes.push(`grpcOptions${lineOf(['grpcOptions'])} is an object of texts, numbers and booleans`)
  }
  const config = {
    source,
    name: required(['metadata', 'name'], fields.name),
    namespace: required(['metadata', 'namespace'], fields.namespace),
    address: required(['endpoint'], fields.endpoint),
    token: required(['token'], fields.token),
    insecure: insecure === true || isInsecure(environment),
    ...readCa(ca),
    grpcOptions,
    acquisitionTimeoutMs: seconds(['leases', 'acquisition_timeout'], 7200),
    dialTimeoutMs: seconds(['leases', 'dial_timeout'], 60, { variable: 'JMP_DIAL_TIMEOUT' }),
    retryTimeoutMs: seconds(['leases', 'retry_timeout'], 300, { variable: 'JMP_RETRY_TIMEOUT', least: 0 }),
  }
  if (config.ca !== undefined && !config.ca.includes('-----BEGIN CERTIFICATE-----')) {
    mistakes.push(`tls.ca${lineOf(['tls', 'ca'])} is certificates in PEM, encoded in base64`)
  }
  if (config.address !== '' && !/^[^/\s]+:\d+$/.test(config.address)) {
    mistakes.push(`endpoint${lineOf(['endpoint'])} is host:port, not ${config.address}`)
  }
  if (mistakes.length > 0) throw invalid(source, mistakes)
  return config
}

type Path = readonly string[]

function parse(text: string, file: string) {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  if (document.errors.length > 0) throw invalid(file, document.errors.map(messageOf))
  const lineOf = (path: Path) => {
    const node = document.getIn(path, true) as { readonly range?: readonly number[] } | undefined
    const [offset] = node?.range ?? []
    return offset === undefined ? '' : ` (line ${lines.linePos(offset).line})`
  }
  return { value: document.toJS() as unknown, lineOf }
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inside, key) => {
    return typeof inside === 'object' && inside !== null ? (inside as Record<string, unknown>)[key] : undefined
  }, value)
}

function invalid(source: string, mistakes: readonly string[], cause?: unknown): HardwareError {
  const message = `${source} is no valid client configuration:\n${mistakes.map((mistake) => `  ${mistake}`).join('\n')}`
  return new HardwareError('CLIENT_CONFIG_INVALID', message, { cause })
}
