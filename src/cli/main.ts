#!/usr/bin/env node
import { readFileSync } from 'node:fs'

import { Command, Option } from 'commander'

import { enableCompileCache } from '../compile-cache.ts'
import { HardwareError, messageOf } from '../errors.ts'
import { environmentVariables } from '../protocol/endpoint.ts'
import type { CallArguments } from './commands/call.ts'
import type { RunArguments } from './commands/run.ts'
import type { ShellArguments } from './commands/shell.ts'
import { parseDuration, parseTime } from './duration.ts'
import { parsePair } from './pairs.ts'
import { outputFormats } from './output.ts'
import { UsageError } from './usage-error.ts'

enableCompileCache()

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

// As in Jumpstarter, an empty passphrase in the environment is none.
if (process.env[environmentVariables.passphrase] === '') delete process.env[environmentVariables.passphrase]

/** What is said of mistakes in files that the user has given. */
const wrongFiles: ReadonlySet<string> = new Set(['CLIENT_CONFIG_INVALID', 'EXPORTER_CONFIG_INVALID'])

const exporterFile = 'YAML, or a module that calls defineExporter()'
const passphrase = (what: string) => new Option('--passphrase <text>', what).env(environmentVariables.passphrase)

/** The options with which a command finds a running exporter. */
const toExporter = [
  new Option('--host <address>', 'a running exporter: a socket, or HOST:PORT (default: JUMPSTARTER_HOST)'),
  new Option('--ca <file>', 'certificates, in PEM, of the authorities to trust instead of the system’s'),
  new Option('--insecure', 'talk to HOST:PORT without TLS'),
  passphrase('the passphrase of the exporter'),
]

const program = new Command('vitest-hardware')
  .description('Exporters for hardware tests, compatible with Jumpstarter')
  .version(version)
  .showHelpAfterError('(--help shows what there is)')
  .exitOverride((end) => process.exit(end.exitCode === 0 ? 0 : 2))

program
  .command('run')
  .description('serve the drivers of an exporter until it is interrupted')
  .requiredOption('--exporter-config <file>', exporterFile)
  .option('--socket <path>', 'the unix socket to listen on (default: one in a new private folder)')
  .option('--listen <[host:]port>', 'listen on a TCP port instead (host: this machine alone, 127.0.0.1)')
  .option('--tls-cert <file>', 'the certificate of --listen, in PEM')
  .option('--tls-key <file>', 'the private key of --tls-cert, in PEM')
  .option('--insecure', 'let --listen talk without TLS')
  .addOption(passphrase('what clients of --listen have to know'))
  .option('--unauthenticated', 'let --listen serve other machines without a passphrase')
  .action(async (options: RunArguments) => (await import('./commands/run.ts')).runExporter(options))

const shell = program
  .command('shell')
  .description("lease an exporter and run a command that uses it (default: the user's shell)")
  .argument('[command...]', 'the command and its arguments, after --')
  .option('--exporter-config <file>', `start this exporter: ${exporterFile}`)
  .option('-l, --selector <selector>', 'lease one with these labels from a controller')
  .option('-n, --name <exporter>', 'lease this one from a controller')
  .option('--lease <name>', 'use this lease of a controller, and leave it alone')
  .addOption(new Option('--max-duration <time>', 'how long a lease may last (default: 1d)').argParser(parseDuration))
  .action(async (command: string[], options: ShellArguments) =>
    (await import('./commands/shell.ts')).runShell(command, options),
  )

const call = program
  .command('call')
  .description('call a method of a driver, and print what it answers as JSON')
  .argument('<path.method>', 'names from the root down, and the method: board.power.on')
  .argument('[args...]', 'each JSON, or a text where it is not')
  .option('--timeout <seconds>', 'how long it may take (default: 600)')
  .addHelpText(
    'after',
    '\nA streaming method prints a line for each record; a byte stream uses standard input and output.',
  )
  .action(async (target: string, args: string[], options: CallArguments) =>
    (await import('./commands/call.ts')).callMethod(target, args, options),
  )

/** The options with which a command finds a controller. */
const toController = [
  new Option('--client <alias>', "a client of Jumpstarter's configuration (default: the current one)"),
  new Option('--client-config <file>', 'the file of a client'),
]
const selector = (what: string) => new Option('-l, --selector <selector>', what)
const output = new Option('-o, --output <format>', 'how to print it (default: a table)').choices(outputFormats)
const duration = new Option('--duration <time>', 'how long it lasts: 90, 30m, 1d3h, PT1H30M').argParser(parseDuration)
const beginTime = new Option('--begin-time <time>', 'when it begins: 2026-11-27T18:00:00Z').argParser(parseTime)
const controller = () => import('./commands/controller.ts')

const get = program.command('get').description('list what a controller has')
const getExporters = get
  .command('exporters')
  .alias('exporter')
  .description('list exporters')
  .addOption(selector('those with these labels'))
  .addOption(new Option('--with <what>', 'show more of them').choices(['leases']))
  .action(async (options) => (await controller()).getExporters(options))
const getLeases = get
  .command('leases')
  .alias('lease')
  .description('list your leases')
  .addOption(selector('those whose selector has these labels'))
  .option('-a, --all', 'those that have ended, too')
  .option('-A, --everybody', 'those of all clients')
  .action(async (options) => (await controller()).getLeases(options))
const createLease = program
  .command('create')
  .description('make something on a controller')
  .command('lease')
  .description('ask for a lease, without waiting for its exporter')
  .addOption(selector('of an exporter with these labels'))
  .option('-n, --name <exporter>', 'of this exporter')
  .addOption(duration.makeOptionMandatory())
  .addOption(beginTime)
  .option('--lease-id <name>', 'how it is to be called')
  .addOption(new Option('--tag <key=value>', 'a tag, for who lists leases; several times').argParser(parsePair))
  .addOption(new Option('--context <key=value>', 'what its exporter is told; several times').argParser(parsePair))
  .action(async (options) => (await controller()).createLease(options))
const updateLease = program
  .command('update')
  .description('change something on a controller')
  .command('lease')
  .description('change a lease')
  .argument('<name>')
  .addOption(new Option('--duration <time>', 'how long it lasts, from its beginning').argParser(parseDuration))
  .addOption(beginTime)
  .option('--to-client <name>', 'give it to another client')
  .action(async (name: string, options) => (await controller()).updateLease(name, options))
const deleteLeases = program
  .command('delete')
  .description('end something on a controller')
  .command('leases')
  .alias('lease')
  .description('end leases')
  .argument('[names...]')
  .addOption(selector('those of your own whose selector has these labels'))
  .option('-a, --all', 'all of your own')
  .action(async (names: string[], options) => (await controller()).deleteLeases(names, options))

for (const command of [shell, getExporters, getLeases, createLease, updateLease, deleteLeases]) {
  for (const option of toController) command.addOption(option)
}
for (const command of [getExporters, getLeases, createLease, updateLease]) command.addOption(output)
for (const option of toExporter) {
  shell.addOption(option)
  call.addOption(option)
}

try {
  await program.parseAsync()
} catch (error) {
  console.error(`error: ${messageOf(error)}`)
  const wrongUse = error instanceof UsageError || (error instanceof HardwareError && wrongFiles.has(error.code))
  // A command that has failed by itself keeps its exit code, whatever the clean-up did.
  process.exitCode ||= wrongUse ? 2 : 1
}
