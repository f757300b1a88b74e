import { Command } from 'commander'

import {
  beginTimeOption,
  type ControllerArguments,
  durationOption,
  type OutputFormat,
  withControllerOptions,
  withExamples,
  withOutputOption,
} from '../options.ts'
import { UsageError } from '../usage-error.ts'

interface Arguments extends ControllerArguments {
  readonly output?: OutputFormat
  /** In milliseconds. */
  readonly duration?: number
  readonly beginTime?: Date
  readonly toClient?: string
}

/** `vitest-hardware update lease`: changes the begin, the duration or the client of a lease. */
export function updateLeaseCommand(): Command {
  const command = new Command('lease')
    .description('change a lease')
    .argument('<name>', 'the name of the lease')
    .addOption(durationOption('the duration of the lease, from its begin'))
    .addOption(beginTimeOption())
    .option('--to-client <name>', 'give the lease to another client')
    .action(updateLease)
  return withExamples(
    withOutputOption(withControllerOptions(command)),
    'vitest-hardware update lease 018f2c --duration 2h',
  )
}

async function updateLease(lease: string, options: Arguments): Promise<void> {
  const { output, duration: durationMs, beginTime: begin, toClient: client } = options
  if (durationMs === undefined && begin === undefined && client === undefined) {
    throw new UsageError(['nothing to change: give --duration, --begin-time or --to-client'])
  }
  const { withController } = await import('../with-controller.ts')
  const { leaseColumns, printOne } = await import('../output.ts')
  await withController(options, async (controller) => {
    printOne(await controller.updateLease(lease, { durationMs, begin, client }), output, leaseColumns)
  })
}
