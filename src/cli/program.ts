import { Command } from 'commander'

import { callCommand } from './commands/call.ts'
import { createLeaseCommand } from './commands/create-lease.ts'
import { deleteLeasesCommand } from './commands/delete-leases.ts'
import { getExportersCommand } from './commands/get-exporters.ts'
import { getLeasesCommand } from './commands/get-leases.ts'
import { runCommand } from './commands/run.ts'
import { shellCommand } from './commands/shell.ts'
import { showRecordingCommand } from './commands/show-recording.ts'
import { updateLeaseCommand } from './commands/update-lease.ts'
import { withExamples } from './options.ts'

/** Makes the command line: the list of all commands. A command imports its heavy modules when it runs. */
export function createProgram(version: string): Command {
  const program = new Command('vitest-hardware')
    .description('Exporters for hardware tests, compatible with Jumpstarter')
    .version(version, '-V, --version', 'print the version')
    .showHelpAfterError('(--help shows the commands and options)')
    .exitOverride((end) => process.exit(end.exitCode === 0 ? 0 : 2))
    .addCommand(runCommand())
    .addCommand(shellCommand())
    .addCommand(callCommand())
    .addCommand(group('recording', 'read the recordings of tests', showRecordingCommand()))
    .addCommand(group('get', 'list exporters or leases of a controller', getExportersCommand(), getLeasesCommand()))
    .addCommand(group('create', 'create a lease on a controller', createLeaseCommand()))
    .addCommand(group('update', 'change a lease on a controller', updateLeaseCommand()))
    .addCommand(group('delete', 'end leases on a controller', deleteLeasesCommand()))
  inheritSettings(program)
  return withExamples(program, 'vitest-hardware shell --exporter-config uno.yaml -- npx vitest run')
}

function group(name: string, description: string, ...commands: readonly Command[]): Command {
  const verb = new Command(name).description(description)
  for (const command of commands) verb.addCommand(command)
  return withExamples(verb, ...commands.map((command) => `vitest-hardware ${name} ${command.name()} --help`))
}

/** Passes on how errors end the program. `addCommand()` does not do that. */
function inheritSettings(parent: Command): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent)
    inheritSettings(command)
  }
}
