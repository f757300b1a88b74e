import { Command } from 'commander'

import type { CallArguments } from '../actions/call-method.ts'
import { logOption, withExamples, withExporterOptions } from '../options.ts'

/** `vitest-hardware call`: calls a method of a driver. */
export function callCommand(): Command {
  const command = new Command('call')
    .description('call a method of a driver, and print its answer as JSON')
    .argument('<path.method>', 'names from the root down, and the method: board.power.on')
    .argument('[args...]', 'each JSON, or a text where it is not JSON')
    .option('--timeout <seconds>', 'the longest that the call may take (default: 600)')
    .addHelpText(
      'after',
      '\nA streaming method prints a line for each record; a byte stream uses standard input and output.',
    )
    .addOption(logOption())
    .action(async (target: string, args: string[], options: CallArguments) =>
      (await import('../actions/call-method.ts')).callMethod(target, args, options),
    )
  return withExamples(
    withExporterOptions(command),
    'vitest-hardware call power.cycle 2',
    'vitest-hardware call power.read --host bench.example:1234',
  )
}
