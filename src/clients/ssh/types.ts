import type { SshCredentials } from '../../base/ssh/ssh-credentials.ts'

/** Who logs in, and how the host is known. What is left out comes from the driver. */
export type SshLogin = Partial<SshCredentials>

/** An address behind an SSH host, as the host sees it. */
export interface SshTarget {
  /** Its name or address (default 127.0.0.1: the host itself). */
  readonly host?: string | undefined
  readonly port: number
}
