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
}

/** The certificates of Jumpstarter's `tls.ca`, which is PEM in base64; none where it is empty. */
export function readCa(encoded: string | undefined): Pick<ConnectionSecurity, 'ca'> {
  return encoded === undefined || encoded === '' ? {} : { ca: Buffer.from(encoded, 'base64').toString('utf8') }
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
