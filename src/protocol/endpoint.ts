/** What protects a connection. */
export interface ConnectionSecurity {
  /** Certificates, in PEM, of the authorities to trust instead of the system's. */
  readonly ca?: string | undefined
  /** Talk to `host:port` without TLS (default false). On a unix socket there never is any. */
  readonly insecure?: boolean | undefined
  /** What the exporter was given as `--passphrase`; sent with every call. */
  readonly passphrase?: string | undefined
}

/** Where an exporter is, and how to talk to it. Made of plain values, so that processes can pass it on. */
export interface Endpoint extends ConnectionSecurity {
  /** A unix socket's path, or `host:port`. */
  readonly address: string
  /** How errors name the exporter, besides its address. */
  readonly name?: string | undefined
  /** Whether it is the exporter's own hook that connects, which would wait for itself to end (default false). */
  readonly duringHook?: boolean | undefined
  /**
   * For how long a connection that breaks is tried again where it leads to the same session, in milliseconds (default not at
   * all). An exporter of a fleet is reached through tunnels that may come and go while its lease lasts.
   */
  readonly redialTimeoutMs?: number | undefined
}

/** The certificates of Jumpstarter's `tls.ca`, which is PEM in base64; none where it is empty. */
export function readCa(encoded: string | undefined): Pick<ConnectionSecurity, 'ca'> {
  return encoded === undefined || encoded === '' ? {} : { ca: Buffer.from(encoded, 'base64').toString('utf8') }
}

/** Jumpstarter's `grpcOptions`, for the connections to controller and router: an object of texts, numbers and booleans. */
export function readGrpcOptions(value: unknown): Readonly<Record<string, string | number>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const entries = Object.entries(value as Record<string, unknown>)
  if (entries.some(([, option]) => !['string', 'number', 'boolean'].includes(typeof option))) return undefined
  // gRPC's options of yes and no are numbers.
  return Object.fromEntries(
    entries.map(([key, option]) => [key, typeof option === 'boolean' ? Number(option) : (option as string | number)]),
  )
}

/** The metadata key of the passphrase (reference: Jumpstarter's standalone exporters). */
export const passphraseKey = 'x-jumpstarter-passphrase'

/** The variables that tell a command of an exporter, in a shell of `jmp` or of ours, and in hooks. */
export const environmentVariables = {
  address: 'JUMPSTARTER_HOST',
  /** `1` for a TCP address without TLS. */
  insecure: 'JMP_GRPC_INSECURE',
  passphrase: 'JMP_GRPC_PASSPHRASE',
  /** The exporter's name. */
  name: 'JMP_EXPORTER',
  /** Its labels: `a=b,c=d`. */
  labels: 'JMP_EXPORTER_LABELS',
  lease: 'JMP_LEASE',
  /** The lease's name; in hooks alone. */
  hookLease: 'LEASE_NAME',
  /** Which client classes Python may import. */
  allow: 'JMP_DRIVERS_ALLOW',
} as const
