import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'

import { PowerClient, SerialClient } from '../../../src/clients/index.ts'
import { driverTypes } from '../../../src/drivers/types.ts'
import { connect } from '../../../src/index.ts'
import { loadClientConfig } from '../../../src/leases/controller/client-config.ts'
import type { ControllerLease } from '../../../src/leases/controller/controller-lease.ts'
import { leaseFromController } from '../../../src/leases/controller/lease-from-controller.ts'
import { describe as describeEvent } from '../../../src/leases/describe-event.ts'
import type { LeaseEvent } from '../../../src/leases/lease-event.ts'
import { serveController } from '../../../src/runtime/controller/serve-controller.ts'
import { loadExporter } from '../../../src/runtime/exporter.ts'
import type { Certificates } from '../certificates.ts'
import { areRegistered, labTree } from './lab.ts'
import { type ControllerOptions, startController } from './start.ts'

/** Starts a controller, and gives a function that leases an exporter of it. */
export async function startLabController(
  certificates: Certificates,
  names: readonly string[],
  options: Partial<ControllerOptions> = {},
) {
  const controller = await startController({
    certificates,
    clients: ['ci'],
    exporters: Object.fromEntries(names.map((name) => [name, { board: 'uno' }])),
    ...options,
  })
  onTestFinished(() => controller[Symbol.asyncDispose]())
  const lines: string[] = []
  const print = (line: string) => lines.push(line)
  const clientFile = join(certificates.folder, 'ci.yaml')
  writeFileSync(clientFile, controller.clientConfig('ci'))
  const config = await loadClientConfig({ file: clientFile }, {})
  const writeExporter = (name: string, more: object = {}): string => {
    const file = join(certificates.folder, `${name}.yaml`)
    writeFileSync(file, controller.exporterConfig(name, { export: labTree, ...more }))
    return file
  }
  const areThere = () => areRegistered(controller.state, names)
  const emit = (event: LeaseEvent) => print(describeEvent(event))
  const lease = (more: { readonly dialTimeoutMs?: number } = {}, maxWaitMs?: number) =>
    leaseFromController({ config: { ...config, ...more }, lease: { selector: 'board=uno' }, emit, maxWaitMs })
  return { ...controller, config, clientFile, lines, print, lease, writeExporter, areThere }
}

/** Starts a controller and exporters in this process. They run until the test has finished. */
export async function serveLab(
  certificates: Certificates,
  names: readonly string[],
  options?: Partial<ControllerOptions>,
  more?: object,
) {
  const lab = await startLabController(certificates, names, options)
  const serve = (name: string) => {
    const stop = new AbortController()
    const run = async () => {
      const exporter = await loadExporter(lab.writeExporter(name, more), driverTypes)
      const { controller: endpoint } = exporter
      if (endpoint === undefined) throw new Error('the file names no controller')
      await serveController(exporter, { endpoint, print: lab.print, logLevel: 'warning', signal: stop.signal })
    }
    const serving = run()
    const end = () => {
      stop.abort()
      return serving
    }
    onTestFinished(end)
    return end
  }
  const ends = names.map(serve)
  await lab.areThere()
  return {
    ...lab,
    /** Ends all exporters in order, and starts them again. */
    async restartExporters() {
      await Promise.all(ends.map((end) => end()))
      ends.splice(0, ends.length, ...names.map(serve))
    },
  }
}

/** Connects a client until the test has finished. */
export async function connectTo({ endpoint: { address, ...options } }: ControllerLease) {
  const connection = await connect(address, options)
  onTestFinished(() => connection.close())
  const { power, console: serial } = connection.root.children
  if (!(power instanceof PowerClient && serial instanceof SerialClient)) throw new Error('a driver is missing')
  return { connection, power, serial }
}

/** Uses the drivers of a leased exporter once. */
export async function use(lease: ControllerLease): Promise<void> {
  const { connection, power } = await connectTo(lease)
  await power.on()
  expect(await Array.fromAsync(power.read())).not.toEqual([])
  connection.close()
}
