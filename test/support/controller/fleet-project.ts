import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { onTestFinished, vi } from 'vitest'

import { type Certificates } from '../certificates.ts'
import { type ControllerOptions, startController } from './start.ts'
import type { ControllerState } from './state.ts'

const main = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url))

/** The drivers of a fleet's exporters. */
export const fleetTree = {
  power: { type: 'jumpstarter_driver_power.driver.MockPower' },
  console: { type: 'jumpstarter_driver_pyserial.driver.PySerial', config: { url: 'loop://' } },
}

/** Waits until exporters are there, and have said so. */
export function areRegistered(state: ControllerState, names: readonly string[]): Promise<boolean> {
  const exporters = names.map((name) => state.exporters.get(name))
  const areThere = () => exporters.every((exporter) => exporter?.streams === 1 && exporter.status !== 0)
  return vi.waitUntil(areThere, { timeout: 20_000 })
}

/** What {@link startFleet} takes. */
export interface FleetOptions extends Partial<ControllerOptions> {
  readonly certificates: Certificates
  /** The labels of exporters that are started, by their names. */
  readonly ours: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** How long the client's token is good for, in milliseconds (default an hour). */
  readonly tokenLifetimeMs?: number
}

/** A controller, a router, and our exporters, each a process of its own, until the test has finished. */
export async function startFleet({ ours, tokenLifetimeMs, ...options }: FleetOptions) {
  const controller = await startController({ clients: ['ci'], exporters: ours, ...options })
  const clientFile = join(options.certificates.folder, 'ci.yaml')
  writeFileSync(clientFile, controller.clientConfig('ci', tokenLifetimeMs))
  const run = (file: string) =>
    execa(process.execPath, [main, 'run', '--exporter-config', file], { reject: false, all: true })
  const processes = new Map<string, ReturnType<typeof run>>()
  const start = (name: string, more: object = {}) => {
    const file = join(options.certificates.folder, 'exporters', `${name}.yaml`)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, controller.exporterConfig(name, { export: fleetTree, ...more }))
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
    /** Why the leases have ended, in their order; nothing of those that have not. */
    reasons: () =>
      Array.from(controller.state.leases.values(), ({ end, conditions: [condition] }) => {
        return end === undefined ? undefined : condition?.reason
      }),
  }
}
