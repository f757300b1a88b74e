import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { onTestFinished, vi } from 'vitest'

import { builtFile } from '../built.ts'
import { type Certificates } from '../certificates.ts'
import { type ControllerOptions, startController } from './start.ts'
import type { ControllerState } from './state.ts'

/** The drivers of each exporter. */
export const labTree = {
  power: { type: 'jumpstarter_driver_power.driver.MockPower' },
  console: { type: 'jumpstarter_driver_pyserial.driver.PySerial', config: { url: 'loop://' } },
}

/** Waits until exporters have registered and reported their status. */
export function areRegistered(state: ControllerState, names: readonly string[]): Promise<boolean> {
  const exporters = names.map((name) => state.exporters.get(name))
  const areThere = () => exporters.every((exporter) => exporter?.streams === 1 && exporter.status !== 0)
  return vi.waitUntil(areThere, { timeout: 20_000 })
}

/** Options of {@link startLab}. */
export interface LabOptions extends Partial<ControllerOptions> {
  readonly certificates: Certificates
  /** The labels of the exporters to start, by their names. */
  readonly ours: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** Starts a controller, a router, and exporters, each in its own process. They run until the test has finished. */
export async function startLab({ ours, ...options }: LabOptions) {
  const controller = await startController({ clients: ['ci'], exporters: ours, ...options })
  const clientFile = join(options.certificates.folder, 'ci.yaml')
  writeFileSync(clientFile, controller.clientConfig('ci'))
  const run = (file: string) =>
    execa(process.execPath, [builtFile('cli/main.js'), 'run', '--exporter-config', file], { reject: false, all: true })
  const processes = new Map<string, ReturnType<typeof run>>()
  const start = (name: string, more: object = {}) => {
    const file = join(options.certificates.folder, 'exporters', `${name}.yaml`)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, controller.exporterConfig(name, { export: labTree, ...more }))
    processes.set(name, run(file))
  }
  const areThere = () => areRegistered(controller.state, Object.keys(ours))
  onTestFinished(async () => {
    for (const running of processes.values()) running.kill('SIGTERM')
    await Promise.all(processes.values())
    await controller[Symbol.asyncDispose]()
  }, 60_000)
  for (const name of Object.keys(ours)) start(name)
  await areThere()
  return {
    ...controller,
    clientFile,
    areThere,
    /** Kills an exporter, and starts it again. */
    async restartExporter(name: string) {
      const running = processes.get(name)
      running?.kill('SIGKILL')
      await running
      start(name)
    },
    /** The reason of each lease's end, in the order of the leases; `undefined` for a lease that has not ended. */
    reasons: () =>
      Array.from(controller.state.leases.values(), ({ end, conditions: [condition] }) => {
        return end === undefined ? undefined : condition?.reason
      }),
  }
}
