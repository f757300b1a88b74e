/** The protection of a connection. */
export interface ConnectionSecurity {
  /** Certificates, in PEM, of the authorities to trust instead of the system's. */
  readonly ca?: string | undefined
  /** Talk to `host:port` without TLS (default false). A unix socket never has TLS. */
  readonly insecure?: boolean | undefined
  /** The exporter's `--passphrase`; sent with every call. */
  readonly passphrase?: string | undefined
  /** The key of a lease that the exporter has given; sent with every call. */
  readonly leaseKey?: string | undefined
}

/** The address of an exporter, and the way to talk to it. Made of plain values, so that processes can pass it on. */
export interface Endpoint extends ConnectionSecurity {
  /** A unix socket's path, or `host:port`. */
  readonly address: string
  /** The exporter's name, which errors show beside its address. */
  readonly name?: string | undefined
  /** The exporter's own hook connects, which must not wait for itself to end (default false). */
  readonly duringHook?: boolean | undefined
  /**
   * The longest time to try to reconnect to the same session after the connection broke, in milliseconds (default: do not
   * try).
   */
  readonly reconnectTimeoutMs?: number | undefined
  /**
   * Tunnels through a router lead to the exporter (default false). They may be down when a client connects, and nothing reports
   * that the exporter behind them has gone. So the first connection is tried for `reconnectTimeoutMs`, too, and waits ask for
   * the exporter's state.
   */
  readonly tunnels?: boolean | undefined
}

/** The metadata key of the passphrase, as Jumpstarter's standalone exporters expect it. */
export const passphraseKey = 'x-jumpstarter-passphrase'
