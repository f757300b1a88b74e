/** The user of an SSH host, and what proves it. */
export interface SshCredentials {
  readonly username: string
  /** The private key, in the format of OpenSSH or PEM. */
  readonly privateKey?: string | undefined
  /** The passphrase of the private key. */
  readonly passphrase?: string | undefined
  readonly password?: string | undefined
  /** The fingerprint of the host's key: `SHA256:…`. Without it, any key is accepted. */
  readonly hostKey?: string | undefined
}
