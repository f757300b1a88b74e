import { Command, Option } from 'commander'

import {
  beginTimeOption,
  durationOption,
  type SelectionArguments,
  withExamples,
  withSelectionOptions,
} from '../options.ts'
import { parsePair } from '../pairs.ts'
import { UsageError } from '../usage-error.ts'

interface Arguments extends SelectionArguments {
  readonly name?: string
  /** In milliseconds. */
  readonly duration: number
  readonly beginTime?: Date
  readonly leaseId?: string
  readonly tag?: Readonly<Record<string, string>>
  readonly context?: Readonly<Record<string, string>>
}

/** `vitest-hardware create lease`: asks a controller for a lease. */
export function createLeaseCommand(): Command {
  const command = new Command('lease')
    .description('ask for a lease, without waiting for its exporter')
    .option('-n, --name <exporter>', 'lease this exporter')
    .addOption(durationOption('the duration of the lease').makeOptionMandatory())
    .addOption(beginTimeOption())
    .option('--lease-id <name>', 'the name of the lease')
    .addOption(new Option('--tag <key=value>', 'a label of the lease; may be given several times').argParser(parsePair))
    .addOption(
      new Option('--context <key=value>', 'a fact for the exporter; may be given several times').argParser(parsePair),
    )
    .action(createLease)
  return withExamples(
    withSelectionOptions(command, 'lease an exporter with these labels'),
    'vitest-hardware create lease -l board=uno --duration 1h --tag team=kernel',
  )
}

async function createLease(options: Arguments): Promise<void> {
  const { selector = '', output, name: exporter, duration: durationMs, beginTime: begin, leaseId } = options
  if (selector === '' && exporter === undefined) throw new UsageError(['a lease needs --selector or --name'])
  const { withController } = await import('../with-controller.ts')
  const { leaseColumns, printOne } = await import('../output.ts')
  const { tag: tags = {}, context = {} } = options
  await withController(options, async (controller) => {
    const spec = { name: leaseId ?? '', selector, exporter, durationMs, begin, tags, context }
    printOne(await controller.createLease(spec), output, leaseColumns)
  })
}
