import { Command, Option } from 'commander'

import { type SelectionArguments, withExamples, withSelectionOptions } from '../options.ts'

interface Arguments extends SelectionArguments {
  readonly with?: 'leases'
}

/** `vitest-hardware get exporters`: lists the exporters of a controller. */
export function getExportersCommand(): Command {
  const command = new Command('exporters')
    .alias('exporter')
    .description('list the exporters of a controller')
    .addOption(new Option('--with <more>', 'show the clients that lease them, too').choices(['leases']))
    .action(getExporters)
  return withExamples(
    withSelectionOptions(command, 'only exporters with these labels'),
    'vitest-hardware get exporters -l board=uno --with leases',
  )
}

async function getExporters({ selector, output, with: more, ...controllerArguments }: Arguments): Promise<void> {
  const { withController } = await import('../with-controller.ts')
  const { exporterColumns, printAll } = await import('../output.ts')
  await withController(controllerArguments, async (controller) => {
    const exporters = await controller.exporters(selector)
    if (more === undefined) return printAll(exporters, output, exporterColumns)
    const leases = await controller.leases()
    const leased = exporters.map((exporter) => {
      return { ...exporter, lease: leases.find((lease) => lease.exporter === exporter.name) }
    })
    return printAll(leased, output, { ...exporterColumns, 'LEASED BY': ({ lease }) => lease?.client ?? '' })
  })
}
