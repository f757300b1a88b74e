import { Command, Option } from 'commander'

import type { ShellArguments } from '../actions/run-shell.ts'
import { parseDuration } from '../duration.ts'
import {
  exporterFile,
  logOption,
  selectorOption,
  withControllerOptions,
  withExamples,
  withExporterOptions,
} from '../options.ts'

/** `vitest-hardware shell`: runs a command that uses an exporter. */
export function shellCommand(): Command {
  const command = new Command('shell')
    .description("lease an exporter and run a command that uses it (default: the user's shell)")
    .argument('[command...]', 'the command and its arguments, after --')
    .option('--exporter-config <file>', `start this exporter: ${exporterFile}`)
    .addOption(selectorOption('lease an exporter with these labels from a controller'))
    .option('-n, --name <exporter>', 'lease this exporter from a controller')
    .option('--lease <name>', 'use this lease of a controller, and do not end it')
    .addOption(
      new Option('--max-duration <time>', 'the longest time of a lease (default: 1d)').argParser(parseDuration),
    )
    .addOption(logOption())
    .action(async (program: string[], options: ShellArguments) =>
      (await import('../actions/run-shell.ts')).runShell(program, options),
    )
  return withExamples(
    withExporterOptions(withControllerOptions(command)),
    'vitest-hardware shell --exporter-config uno.yaml -- npx vitest run',
    'vitest-hardware shell --selector board=uno',
  )
}
