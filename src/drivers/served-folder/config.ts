import { type ConfigRule, rules } from '../check-config.ts'

/** What every server of files is configured with. */
export interface FileServerConfig {
  /** The folder whose files it gives away; it is made if it is not there (default: one of its own, removed at the end). */
  readonly root_dir?: string
  /**
   * The address to listen on, or a name for it. Without it, or with an empty one, it is the address that this machine
   * has on the way to its default gateway; `0.0.0.0` and `::` are all addresses.
   */
  readonly host?: string
  /** The port to listen on; 0 lets the system choose one. */
  readonly port?: number
  /** Whether what clients put into `root_dir` is removed when the session ends (default true). */
  readonly remove_created_on_close?: boolean
}

const host: ConfigRule = (value) =>
  typeof value === 'string' ? undefined : `is ${JSON.stringify(value)}; it has to be an address or a name`

/** What the keys of every server of files may be. */
export const fileServerRules = {
  root_dir: rules.optional(rules.text),
  host: rules.optional(host),
  port: rules.optional((value) => (value === 0 ? undefined : rules.port(value))),
  remove_created_on_close: rules.optional(rules.flag),
} as const
