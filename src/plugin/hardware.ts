import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type {} from 'vitest/config'
import type { TestProject, Vite } from 'vitest/node'

import { checkOptions, type HardwareOptions } from './options.ts'
import { HardwareRun } from './run.ts'

/** How Vite knows the plugin. */
export const pluginName = 'vitest-hardware'

/** The plugin, with what its own global setup calls. */
export interface HardwarePlugin extends Vite.Plugin {
  readonly api: {
    /** Starts the hardware of a project; the result ends it. */
    start(project: TestProject): Promise<() => Promise<void>>
  }
}

/**
 * The Vitest plugin: starts and connects exporters, and grants them to the test files that `needs()` declares.
 *
 * @throws HardwareError PLUGIN_OPTIONS_INVALID with all mistakes in the options
 *
 * @example
 * ```ts
 * export default defineConfig({
 *   plugins: [hardware({ exporters: { virt: './exporters/virt.yaml' } })],
 * })
 * ```
 */
export function hardware(options: HardwareOptions = {}): HardwarePlugin {
  checkOptions(options)
  const globalSetup = pathOf('global-setup')
  const workerSetup = pathOf('worker-setup')
  return {
    name: pluginName,
    api: { start: (project) => HardwareRun.of(project.vitest).start(project, options) },
    configureVitest({ project, vitest }) {
      const { report } = HardwareRun.of(vitest)
      if (!vitest.config.reporters.includes(report)) vitest.config.reporters.push(report)
      project.config.globalSetup = [...[project.config.globalSetup ?? []].flat(), globalSetup]
      HardwareRun.of(vitest).sortFiles()
      HardwareRun.of(vitest).takeOverSignals(workerSetup)
    },
  }
}

/** Where a module is that Vitest loads itself; compiled, or not. */
function pathOf(module: string): string {
  return fileURLToPath(new URL(`./${module}${extname(import.meta.url)}`, import.meta.url))
}
