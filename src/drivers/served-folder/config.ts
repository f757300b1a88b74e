import { ruleFor, rules } from '../../base/check.ts'

/** The config of every file server. */
export interface FileServerConfig {
  /** The served folder, which is made if necessary (default: a private folder, which is removed when the session ends). */
  readonly root_dir?: string | undefined
  /**
   * The address to listen on, or its name (default, also for an empty text: the address of this machine in the network of the default
   * gateway). `0.0.0.0` and `::` are all addresses.
   */
  readonly host?: string | undefined
  /** The port to listen on. The system chooses one for 0. */
  readonly port?: number | undefined
  /** True if the files that clients put into `root_dir` are removed when the session ends (default true). */
  readonly remove_created_on_close?: boolean | undefined
}

const host = ruleFor('an address or a name', (value) => typeof value === 'string')

/** The rules for the config of every file server. */
export const fileServerRules = {
  root_dir: rules.optional(rules.text),
  host: rules.optional(host),
  port: rules.optional((value) => (value === 0 ? undefined : rules.port(value))),
  remove_created_on_close: rules.optional(rules.flag),
}
