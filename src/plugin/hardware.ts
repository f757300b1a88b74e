import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type {} from 'vitest/config'
import type { TestProject, Vite } from 'vitest/node'

import { isOlder, oldestNode, oldestVitest } from '../base/versions.ts'
import { HardwareError } from '../errors.ts'
import { checkOptions, type HardwareOptions } from './options.ts'
import { HardwareRun } from './hardware-run.ts'

/** The name of the plugin in Vite. */
export const pluginName = 'vitest-hardware'

/** The plugin, with the function that its global setup calls. */
export interface HardwarePlugin extends Vite.Plugin {
  readonly api: {
    /** Starts the hardware of a project. @returns a function that ends it */
    start(project: TestProject): Promise<() => Promise<void>>
  }
}

/**
 * The Vitest plugin: starts and connects exporters, and grants them to the test files that `needs()` declares.
 *
 * @throws HardwareError PLUGIN_OPTIONS_INVALID with all mistakes in the options, and for a Node.js or Vitest that is too old
 *
 * @example
 * ```ts
 * export default defineConfig({
 *   plugins: [hardware({ exporters: { virt: './exporters/virt.yaml' } })],
 * })
 * ```
 */
export function hardware(options: HardwareOptions = {}): HardwarePlugin {
  requireVersion('Node.js', process.versions.node, oldestNode)
  checkOptions(options, process.env)
  const globalSetup = pathOf('global-setup')
  const workerSetup = pathOf('worker-setup')
  return {
    name: pluginName,
    api: { start: (project) => HardwareRun.of(project.vitest).start(project, options) },
    configureVitest({ project, vitest }) {
      requireVersion('Vitest', vitest.version, oldestVitest)
      const { report } = HardwareRun.of(vitest)
      if (!vitest.config.reporters.includes(report)) vitest.config.reporters.push(report)
      project.config.globalSetup = [...[project.config.globalSetup ?? []].flat(), globalSetup]
      HardwareRun.of(vitest).sortFiles()
      HardwareRun.of(vitest).takeOverSignals(workerSetup)
    },
  }
}

function requireVersion(name: string, version: string, oldest: string): void {
  if (!isOlder(version, oldest)) return
  const message = `vitest-hardware needs ${name} ${oldest} or later; this is ${version}`
  throw new HardwareError('PLUGIN_OPTIONS_INVALID', message)
}

/** The path of a module that Vitest loads, in source or compiled. */
function pathOf(module: string): string {
  return fileURLToPath(new URL(`./${module}${extname(import.meta.url)}`, import.meta.url))
}
