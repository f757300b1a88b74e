import { type Command, Option } from 'commander'

import { logLevelFrom, type LogLevel, logLevelVariable } from '../base/log-level.ts'
import { parseDuration, parseTime } from './duration.ts'
import { type PassphraseArguments, withPassphraseOptions } from './passphrase.ts'

/** The forms in which a command can print the things that it finds. Without one it prints a table. */
const outputFormats = ['json', 'yaml', 'name'] as const

/** One of {@link outputFormats}. */
export type OutputFormat = (typeof outputFormats)[number]

/** The kinds of files that `--exporter-config` takes, for help texts. */
export const exporterFile = 'YAML, or a module that calls defineExporter()'

/** The values of {@link withExporterOptions}. */
export interface ExporterArguments extends PassphraseArguments {
  readonly host?: string
  readonly ca?: string
  readonly insecure?: boolean
}

/** Adds the options that name a running exporter. */
export function withExporterOptions(command: Command): Command {
  const described = command
    .option('--host <address>', 'a running exporter: a socket, or HOST:PORT (default: JUMPSTARTER_HOST)')
    .option('--ca <file>', 'certificates, in PEM, of the authorities to trust instead of the system’s')
    .option('--insecure', 'connect to HOST:PORT without TLS')
  return withPassphraseOptions(described, 'the passphrase of the exporter')
}

/** The values of {@link withControllerOptions}. */
export interface ControllerArguments {
  /** The alias of a client in Jumpstarter's configuration. */
  readonly client?: string
  readonly clientConfig?: string
}

/** The values of {@link withSelectionOptions}. */
export interface SelectionArguments extends ControllerArguments {
  readonly selector?: string
  readonly output?: OutputFormat
}

/** Adds the options that name a controller, and the client that calls it. */
export function withControllerOptions(command: Command): Command {
  return command
    .option('--client <alias>', "a client of Jumpstarter's configuration (default: the current one)")
    .option('--client-config <file>', 'the configuration file of a client')
}

/** Adds the option for the form of the output. */
export function withOutputOption(command: Command): Command {
  return command.addOption(
    new Option('-o, --output <format>', 'the form of the output (default: a table)').choices(outputFormats),
  )
}

/** Adds the options of a command that prints the exporters or leases of a controller that a selector picks. */
export function withSelectionOptions(command: Command, description: string): Command {
  return withOutputOption(withControllerOptions(command.addOption(selectorOption(description))))
}

/** Adds examples to the end of a command's help. */
export function withExamples(command: Command, ...examples: readonly string[]): Command {
  const title = examples.length === 1 ? 'Example' : 'Examples'
  return command.addHelpText('after', ['', `${title}:`, ...examples.map((example) => `  $ ${example}`)].join('\n'))
}

/** The values of {@link logOption}. */
export interface LogArguments {
  readonly log?: boolean | undefined
}

/** The option for the whole log. */
export function logOption(): Option {
  return new Option('--log', `show the whole log of the drivers (default: the lines from ${logLevelVariable} on)`)
}

/** The mildest lines of the log to show. @throws HardwareError PLUGIN_OPTIONS_INVALID for an unknown level in the environment */
export function logLevelOf({ log }: LogArguments): LogLevel {
  return log === true ? 'debug' : logLevelFrom(process.env)
}

/** The option for a label selector. */
export function selectorOption(description: string): Option {
  return new Option('-l, --selector <selector>', description)
}

/** The option for the duration of a lease, in milliseconds. */
export function durationOption(description: string): Option {
  return new Option('--duration <time>', `${description}: 90, 30m, 1d3h or PT1H30M`).argParser(parseDuration)
}

/** The option for the time at which a lease begins. */
export function beginTimeOption(): Option {
  return new Option('--begin-time <time>', 'the begin of the lease: 2026-11-27T18:00:00Z').argParser(parseTime)
}
