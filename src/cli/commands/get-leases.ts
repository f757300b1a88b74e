import { Command } from 'commander'

import { type SelectionArguments, withExamples, withSelectionOptions } from '../options.ts'

interface Arguments extends SelectionArguments {
  readonly all?: boolean
  readonly everybody?: boolean
}

/** `vitest-hardware get leases`: lists leases of a controller. */
export function getLeasesCommand(): Command {
  const command = new Command('leases')
    .alias('lease')
    .description('list your leases')
    .option('-a, --all', 'leases that have ended, too')
    .option('-A, --everybody', 'leases of all clients')
    .action(getLeases)
  return withExamples(
    withSelectionOptions(command, 'only leases whose selector has these labels'),
    'vitest-hardware get leases --everybody -o json',
  )
}

async function getLeases({ selector, output, all, everybody, ...controllerArguments }: Arguments): Promise<void> {
  const { withController } = await import('../with-controller.ts')
  const { leaseColumns, printAll } = await import('../output.ts')
  await withController(controllerArguments, async (controller) => {
    const leases = await controller.leases({ all: all ?? false, selector: selector ?? '' })
    const shown = everybody === true ? leases : leases.filter(({ client }) => client === controller.name)
    printAll(shown, output, leaseColumns)
  })
}
