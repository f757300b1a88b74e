#!/usr/bin/env node
import { readFileSync } from 'node:fs'

import { Command, Option } from 'commander'

import { enableCompileCache } from '../compile-cache.ts'
import { HardwareError, messageOf } from '../errors.ts'
import { environmentVariables } from '../protocol/endpoint.ts'
import type { CallArguments } from './commands/call.ts'
import type { RunArguments } from './commands/run.ts'
import type { ShellArguments } from './commands/shell.ts'
import { UsageError } from './usage-error.ts'

enableCompileCache()

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

// As in Jumpstarter, an empty passphrase in the environment is none.
if (process.env[environmentVariables.passphrase] === '') delete process.env[environmentVariables.passphrase]

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

for (const option of toExporter) {
  shell.addOption(option)
  call.addOption(option)
}

try {
  await program.parseAsync()
} catch (error) {
  console.error(`error: ${messageOf(error)}`)
  const wrongUse =
    error instanceof UsageError || (error instanceof HardwareError && error.code === 'EXPORTER_CONFIG_INVALID')
  // A command that has failed by itself keeps its exit code, whatever the clean-up did.
  process.exitCode ||= wrongUse ? 2 : 1
}
