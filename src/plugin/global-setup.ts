import type { TestProject } from 'vitest/node'

import { type HardwarePlugin, pluginName } from './hardware.ts'

/** Vitest's global setup: runs before the first test file, and only if there is one. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const plugin = project.vite.config.plugins.find(({ name }) => name === pluginName) as HardwarePlugin | undefined
  if (plugin === undefined) throw new Error(`The plugin ${pluginName} is not among those of project ${project.name}`)
  return plugin.api.start(project)
}
