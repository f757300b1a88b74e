/** The environment variables that lead a command to an exporter: in a shell of `jmp`, in a shell of this package, and in hooks. */
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
  /** The lease's name; only in hooks. */
  hookLease: 'LEASE_NAME',
  /** The client classes that Python may import. */
  allow: 'JMP_DRIVERS_ALLOW',
} as const
