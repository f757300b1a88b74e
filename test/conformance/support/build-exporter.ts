import { driverTypes } from '../../../src/drivers/types.ts'
import { prepareTree } from '../../../src/runtime/config/build.ts'
import { readExporterFile } from '../../../src/runtime/config/parse.ts'
import type { Driver } from '../../../src/runtime/driver.ts'

const head = 'apiVersion: jumpstarter.dev/v1alpha1\nkind: ExporterConfig\nmetadata: { namespace: default, name: lab }\n'

/**
 * Makes the drivers of an exporter's file.
 *
 * @param text the YAML from `export:` on
 * @throws HardwareError EXPORTER_CONFIG_INVALID with all mistakes
 */
export async function buildExporter(text: string): Promise<Driver> {
  const create = await prepareTree(readExporterFile(head + text, 'lab.yaml'), driverTypes)
  return create()
}
