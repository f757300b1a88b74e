import { type Endpoint, environmentVariables as variables } from '../protocol/endpoint.ts'

export { environmentVariables } from '../protocol/endpoint.ts'

/** The older name of `JMP_GRPC_INSECURE`. */
const olderInsecure = 'JUMPSTARTER_GRPC_INSECURE'

/** What the lease is called where no controller has given it. */
const direct = 'direct'
/** For how long a tunnel to an exporter of a fleet is tried again (reference: Jumpstarter's dial timeout), in milliseconds. */
const redialTimeoutMs = 60_000

/** An exporter as a shell's environment describes it. */
export interface EnvironmentExporter {
  readonly endpoint: Endpoint
  /** What selectors are matched against. */
  readonly labels: Readonly<Record<string, string>>
}

/** The exporter that the environment names, as inside `jmp shell`; `undefined` where it names none. */
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
  // The socket of a shell, behind which tunnels come and go.
  const isOfFleet = lease !== direct && address.startsWith('/')
  return {
    endpoint: {
      address,
      ...(name === undefined ? {} : { name }),
      ...(insecure ? { insecure } : {}),
      ...(passphrase === undefined ? {} : { passphrase }),
      ...(duringHook ? { duringHook } : {}),
      ...(isOfFleet ? { redialTimeoutMs } : {}),
    },
    labels: parseLabels(environment[variables.labels] ?? ''),
  }
}

/**
 * Whether the environment says that connections need not be secure: those to exporters have no TLS then, and those to
 * controllers and routers are not checked.
 */
export function isInsecure(environment: Environment): boolean {
  return [variables.insecure, olderInsecure].some((variable) => environment[variable] === '1')
}

/**
 * The lease of a controller that the environment names, which is to be used and left alone; not where it names an exporter
 * too, which is that of the lease.
 */
export function leaseFromEnvironment(environment: Environment): string | undefined {
  const lease = environment[variables.lease]
  return lease === '' || lease === direct || environment[variables.address] ? undefined : lease
}

/** Variables of a process; those that are `undefined` it shall not have. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The variables for a command that shall use an exporter: what {@link exporterFromEnvironment} reads. What another
 * exporter has set, such as that of a shell around this one, does not count for it.
 *
 * @param lease the name of the lease, where a controller has given it
 */
export function exporterToEnvironment({ endpoint, labels }: EnvironmentExporter, lease = direct): Environment {
  const { address, name, insecure, passphrase, duringHook } = endpoint
  return {
    [variables.address]: address,
    // Python imports the clients of an exporter only if it is told to; here its own user has started it.
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

function formatLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  return pairs.toSorted().join(',')
}
