import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { homeFolder } from '../../base/home-folder.ts'
import { YamlReader } from '../../base/yaml-reader.ts'
import { messageOf } from '../../errors.ts'
import type { ControllerEndpoint } from '../../protocol/controller/controller-messages.ts'
import type { Environment } from '../environment.ts'
import {
  invalidClientConfig,
  isCompleteEnvironment,
  readClientConfig,
  requiredVariables,
} from './read-client-config.ts'

/** The client of a controller, from a configuration of Jumpstarter. */
export interface ClientConfig extends ControllerEndpoint {
  /** The origin of the configuration, for messages: the path of a file, or `the environment`. */
  readonly source: string
  /** The longest wait for a free exporter, in milliseconds (default 7200 s). */
  readonly acquisitionTimeoutMs: number
  /** The time for which a failed connection to a leased exporter is tried again, in milliseconds (default 60 s). */
  readonly dialTimeoutMs: number
  /** The time for which other exporters are leased instead of one that cannot be reached, in milliseconds (default 300 s; 0 for never). */
  readonly retryTimeoutMs: number
}

/** The choice of a configuration. Without a file or an alias it is that of the environment, or else the user's current one. */
export interface ClientConfigChoice {
  /** The path of a file. */
  readonly file?: string | undefined
  /** The alias of a client: the name of its file in Jumpstarter's folder. */
  readonly alias?: string | undefined
}

/**
 * Reads the configuration of a client of Jumpstarter. As in Jumpstarter, variables (`JMP_ENDPOINT`, `JMP_TOKEN`, …) give the
 * values that the file does not have, and `JMP_DIAL_TIMEOUT` and `JMP_RETRY_TIMEOUT` replace those of the file.
 *
 * @throws HardwareError CLIENT_CONFIG_INVALID with all mistakes and their lines
 */
export async function loadClientConfig(choice: ClientConfigChoice, environment: Environment): Promise<ClientConfig> {
  if (choice.file === undefined && choice.alias === undefined && isCompleteEnvironment(environment)) {
    return readClientConfig('', 'the environment', environment)
  }
  const file = choice.file ?? (await fileOf(choice.alias, configFolder(environment)))
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw invalidClientConfig(file, [`cannot be read: ${messageOf(cause)}`], cause)
  })
  return readClientConfig(text, file, environment)
}

function configFolder(environment: Environment): string {
  const { JMP_CLIENT_CONFIG_HOME: folder, XDG_CONFIG_HOME: configHome } = environment
  if (folder) return folder
  if (configHome) return join(configHome, 'jumpstarter')
  const home = homeFolder()
  if (home !== undefined) return join(home, '.config', 'jumpstarter')
  throw invalidClientConfig('the environment', [
    'has no folder for configurations, because this user has no home: give --client-config, or set HOME, ' +
      `JMP_CLIENT_CONFIG_HOME, or ${requiredVariables.join(', ')}`,
  ])
}

async function fileOf(alias: string | undefined, folder: string): Promise<string> {
  return join(folder, 'clients', `${alias ?? (await currentAlias(folder))}.yaml`)
}

async function currentAlias(folder: string): Promise<string> {
  const file = join(folder, 'config.yaml')
  const reader = new YamlReader(await readFile(file, 'utf8').catch(() => ''), file)
  const config = reader.optionalObject(reader.optionalRoot(), 'config', [])
  const alias = reader.optionalString(config, 'current-client', ['config'])
  if (reader.mistakes.length > 0) throw invalidClientConfig(file, reader.mistakes)
  if (alias !== undefined) return alias
  throw invalidClientConfig(file, [
    'names no current client: choose one (`jmp config client use ALIAS`), give --client or --client-config, or set ' +
      requiredVariables.join(', '),
  ])
}
