import { isEmptyNode, type Path, YamlReader } from '../../base/yaml-reader.ts'
import { HardwareError } from '../../errors.ts'
import { decodeCa } from '../../protocol/decode-ca.ts'
import { readGrpcOptions } from '../../protocol/grpc-options.ts'
import { type Environment, isInsecure } from '../environment.ts'
import type { ClientConfig } from './client-config.ts'

/** The variables of the required values. */
const variables = {
  name: 'JMP_NAME',
  namespace: 'JMP_NAMESPACE',
  endpoint: 'JMP_ENDPOINT',
  token: 'JMP_TOKEN',
} as const

/** The variables that together replace a file. */
export const requiredVariables: readonly string[] = Object.values(variables)

/** Limits of a client, in seconds; those of Jumpstarter's client. */
const timeouts = {
  acquisition: { key: 'acquisition_timeout', variable: undefined, fallback: 7200, least: 5 },
  dial: { key: 'dial_timeout', variable: 'JMP_DIAL_TIMEOUT', fallback: 60, least: 5 },
  retry: { key: 'retry_timeout', variable: 'JMP_RETRY_TIMEOUT', fallback: 300, least: 0 },
} as const

type Section = Map<string, unknown>

/** True if the environment has all values that a client needs. */
export function isCompleteEnvironment(environment: Environment): boolean {
  return requiredVariables.every((variable) => environment[variable])
}

/**
 * Reads the text of a client's configuration.
 *
 * @param text YAML; empty if the environment has all values
 * @param source the path of the file, for messages
 * @throws HardwareError CLIENT_CONFIG_INVALID with all mistakes and their lines
 */
export function readClientConfig(text: string, source: string, environment: Environment): ClientConfig {
  return new ClientConfigReader(text, source, environment).read()
}

/** Makes the error of a configuration with mistakes. */
export function invalidClientConfig(source: string, mistakes: readonly string[], cause?: unknown): HardwareError {
  const message = `${source} is no valid client configuration:\n${mistakes.map((mistake) => `  ${mistake}`).join('\n')}`
  return new HardwareError('CLIENT_CONFIG_INVALID', message, { cause })
}

class ClientConfigReader {
  readonly #reader: YamlReader
  readonly #source: string
  readonly #environment: Environment

  constructor(text: string, source: string, environment: Environment) {
    this.#reader = new YamlReader(text, source)
    this.#source = source
    this.#environment = environment
  }

  read(): ClientConfig {
    const root = this.#reader.optionalRoot()
    this.#stopAtMistakes()
    if (root.has('kind')) this.#reader.constant(root, 'kind', 'ClientConfig')
    const metadata = this.#reader.optionalObject(root, 'metadata', [])
    const leases = this.#reader.optionalObject(root, 'leases', [])
    const config = {
      source: this.#source,
      name: this.#required(metadata, ['metadata', 'name'], variables.name),
      namespace: this.#required(metadata, ['metadata', 'namespace'], variables.namespace),
      address: this.#address(root),
      token: this.#required(root, ['token'], variables.token),
      ...this.#tls(this.#reader.optionalObject(root, 'tls', [])),
      grpcOptions: this.#grpcOptions(root),
      acquisitionTimeoutMs: this.#milliseconds(leases, timeouts.acquisition),
      dialTimeoutMs: this.#milliseconds(leases, timeouts.dial),
      retryTimeoutMs: this.#milliseconds(leases, timeouts.retry),
    }
    this.#stopAtMistakes()
    return config
  }

  #required(section: Section, path: Path, variable: string): string {
    const node = section.get(String(path.at(-1)))
    if (!isEmptyNode(node)) return this.#reader.string(node, path, { allowEmpty: true }) ?? ''
    const fallback = this.#environment[variable]
    if (!fallback) this.#reader.mistake(path, `is missing, and ${variable} is not set`, undefined)
    return fallback ?? ''
  }

  #address(root: Section): string {
    const address = this.#required(root, ['endpoint'], variables.endpoint)
    if (address !== '' && !/^[^/\s]+:\d+$/.test(address)) {
      this.#reader.mistake(['endpoint'], `is ${address}; it has to be host:port`, root.get('endpoint'))
    }
    return address
  }

  #tls(tls: Section): Pick<ClientConfig, 'ca' | 'insecure'> {
    const insecure = this.#reader.optionalBoolean(tls, 'insecure', ['tls'])
    const node = tls.get('ca')
    const ca = decodeCa(isEmptyNode(node) ? undefined : this.#reader.string(node, ['tls', 'ca'], { allowEmpty: true }))
    if (ca !== undefined && !ca.includes('-----BEGIN CERTIFICATE-----')) {
      this.#reader.mistake(['tls', 'ca'], 'has to be certificates in PEM, encoded in base64', node)
    }
    return { insecure: insecure === true || isInsecure(this.#environment), ca }
  }

  #grpcOptions(root: Section): ClientConfig['grpcOptions'] {
    const given = root.get('grpcOptions')
    const options = readGrpcOptions(this.#reader.plain(given, ['grpcOptions']) ?? {})
    if (options === undefined) {
      this.#reader.mistake(['grpcOptions'], 'has to be a mapping of texts, numbers and booleans', given)
    }
    return options
  }

  #milliseconds(leases: Section, { key, variable, fallback, least }: (typeof timeouts)[keyof typeof timeouts]): number {
    const path = ['leases', key]
    const given = variable === undefined ? undefined : this.#environment[variable] || undefined
    const seconds = given === undefined ? (this.#reader.plain(leases.get(key), path) ?? fallback) : Number(given)
    if (typeof seconds === 'number' && seconds >= least) return seconds * 1000
    const what = `has to be a number of seconds, ${least} or more`
    if (given === undefined) this.#reader.mistake(path, what, leases.get(key))
    else this.#reader.mistake([variable ?? ''], what, undefined)
    return fallback * 1000
  }

  #stopAtMistakes(): void {
    if (this.#reader.mistakes.length > 0) throw invalidClientConfig(this.#source, this.#reader.mistakes)
  }
}
