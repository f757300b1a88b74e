import type { Path } from '../../base/yaml-reader.ts'
import { HardwareError } from '../../errors.ts'
import type { ControllerEndpoint } from '../../protocol/controller/controller-messages.ts'
import type { Hooks } from '../hooks.ts'
import type { SafeEntry } from '../safe-state.ts'
import type { Entries } from './entries.ts'

/** The content of an exporter's file, checked. */
export interface ExporterConfig {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly description: string | undefined
  /** A message for people who lease the exporter. */
  readonly motd: string | undefined
  readonly entries: Entries
  readonly hooks: Hooks
  /** Clients on other machines get the files and lines of drivers' errors; `undefined` if the file does not say. */
  readonly errorStacks: boolean | undefined
  /** The variables of the exporter's process for hooks and programs of drivers, in addition to the usual ones. */
  readonly environment: readonly string[] | undefined
  /** The addresses and subnets of this machine, of its link and of metadata services that presigned requests may go to. */
  readonly presignedAddresses: readonly string[] | undefined
  /** The calls at the end of each lease; `undefined` if the file leaves them to the drivers. */
  readonly safe: readonly SafeEntry[] | undefined
  /** The name of the exporter's lock on this machine; `undefined` for the path of its file. */
  readonly lock: string | undefined
  /** The controller to register with; `undefined` if the file names none. */
  readonly controller: ControllerEndpoint | undefined
  /** The parts of the file that have no effect, with the reasons. */
  readonly warnings: readonly string[]
}

/** An exporter's file that has been read. */
export interface ExporterFile {
  /** The path of the file. The paths of types are relative to its folder. */
  readonly path: string
  readonly config: ExporterConfig
  /** The mistakes outside of drivers, each with its place. */
  readonly mistakes: readonly string[]
  /** The place of a value for messages, with its line if the file has it, or the line above: `export.power.config.port (line 7)`. */
  place(path: Path): string
}

/** Makes the error for a file with mistakes. */
export function invalidConfig(file: string, mistakes: readonly string[]): HardwareError {
  const list = mistakes.map((mistake) => `  ${mistake}`).join('\n')
  return new HardwareError('EXPORTER_CONFIG_INVALID', `${file} is not a valid exporter configuration:\n${list}`)
}
