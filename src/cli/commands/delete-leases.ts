import { Command } from 'commander'

import { type ControllerArguments, selectorOption, withControllerOptions, withExamples } from '../options.ts'
import { UsageError } from '../usage-error.ts'

interface Arguments extends ControllerArguments {
  readonly selector?: string
  readonly all?: boolean
}

/** `vitest-hardware delete leases`: ends leases by their names, or leases of the client by a selector, or all of them. */
export function deleteLeasesCommand(): Command {
  const command = new Command('leases')
    .alias('lease')
    .description('end leases, and print their names')
    .argument('[names...]', 'the names of the leases')
    .addOption(selectorOption('your leases whose selector has these labels'))
    .option('-a, --all', 'all your leases')
    .action(deleteLeases)
  return withExamples(withControllerOptions(command), 'vitest-hardware delete leases -l board=uno')
}

async function deleteLeases(names: readonly string[], options: Arguments): Promise<void> {
  const { all, selector } = options
  if ([names.length > 0, all === true, selector !== undefined].filter(Boolean).length !== 1) {
    throw new UsageError(['name the leases to end, or give --selector, or --all'])
  }
  const { withController } = await import('../with-controller.ts')
  await withController(options, async (controller) => {
    const findOwn = async () => {
      const leases = await controller.leases({ selector: selector ?? '' })
      return leases.filter(({ client }) => client === controller.name).map(({ name }) => name)
    }
    for (const name of names.length > 0 ? names : await findOwn()) {
      await controller.deleteLease(name)
      console.log(name)
    }
  })
}
