import { formatLabels } from '../base/labels.ts'
import type { Endpoint } from '../protocol/endpoint.ts'
import { environmentVariables as variables } from '../protocol/environment-variables.ts'

export { environmentVariables } from '../protocol/environment-variables.ts'

/** The older name of `JMP_GRPC_INSECURE`. */
const olderInsecure = 'JUMPSTARTER_GRPC_INSECURE'

/** The name of a lease that no controller has given. */
const direct = 'direct'
/** The time for which a lost tunnel to a controller's exporter is tried again, in milliseconds; Jumpstarter's dial timeout. */
const reconnectTimeoutMs = 60_000

/** An exporter as a shell's environment describes it. */
export interface EnvironmentExporter {
  readonly endpoint: Endpoint
  /** The labels that selectors are matched against. */
  readonly labels: Readonly<Record<string, string>>
}

/** Reads the exporter that the environment names, as inside `jmp shell`. @returns `undefined` if it names none */
export function exporterFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): EnvironmentExporter | undefined {
  const address = environment[variables.address]
  if (address === undefined || address === '') return undefined
  const name = environment[variables.name] || undefined
  const passphrase = environment[variables.passphrase] || undefined
  const duringHook = environment[variables.hookLease] !== undefined && environment[variables.lease] === undefined
  const insecure = isInsecure(environment)
  const lease = environment[variables.lease] || direct
  // A shell of a controller's lease has a socket, behind which tunnels come and go.
  const hasTunnels = lease !== direct && address.startsWith('/')
  return {
    endpoint: {
      address,
      ...(name === undefined ? {} : { name }),
      ...(insecure ? { insecure } : {}),
      ...(passphrase === undefined ? {} : { passphrase }),
      ...(duringHook ? { duringHook } : {}),
      ...(hasTunnels ? { reconnectTimeoutMs, tunnels: true } : {}),
    },
    labels: parseLabels(environment[variables.labels] ?? ''),
  }
}

/**
 * True if the environment says that connections need not be secure. Then connections to exporters have no TLS, and the
 * certificates of controllers and routers are not checked.
 */
export function isInsecure(environment: Environment): boolean {
  return [variables.insecure, olderInsecure].some((variable) => environment[variable] === '1')
}

/**
 * Reads the name of a controller's lease that the environment gives. This package uses such a lease, and neither extends nor ends it.
 *
 * @returns `undefined` if the environment names no lease, or also the lease's exporter
 */
export function leaseFromEnvironment(environment: Environment): string | undefined {
  const lease = environment[variables.lease]
  return lease === '' || lease === direct || environment[variables.address] ? undefined : lease
}

/** The variables of a process. A variable that is `undefined` is removed. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Makes the variables for a command that uses an exporter, which {@link exporterFromEnvironment} reads. They replace the variables
 * of another exporter, such as that of a surrounding shell.
 *
 * @param lease the name of the lease, if a controller has given it
 */
export function exporterToEnvironment({ endpoint, labels }: EnvironmentExporter, lease = direct): Environment {
  const { address, name, insecure, passphrase, duringHook } = endpoint
  return {
    [variables.address]: address,
    // Python imports an exporter's client classes only with permission. The user has started this exporter and trusts it.
    [variables.allow]: 'UNSAFE',
    _JMP_SUPPRESS_DRIVER_WARNINGS: '1',
    [variables.name]: name ?? '',
    [variables.lease]: duringHook === true ? undefined : lease,
    [variables.labels]: formatLabels(labels),
    [variables.insecure]: insecure === true ? '1' : undefined,
    [olderInsecure]: undefined,
    [variables.passphrase]: passphrase,
  }
}

function parseLabels(text: string): Record<string, string> {
  const pairs = text.split(',').flatMap((pair) => {
    const [, key, value] = /^([^=]+)=(.*)$/.exec(pair.trim()) ?? []
    return key === undefined ? [] : [[key, value ?? '']]
  })
  return Object.fromEntries(pairs) as Record<string, string>
}
