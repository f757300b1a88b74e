import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, type TestContext } from 'vitest'

import { createPrivateFolder } from '../../../src/base/private-folder.ts'
import { connect, type Connection } from '../../../src/clients/index.ts'
import { type Certificates, createCertificates } from '../../support/certificates.ts'
import { startTheirs } from './exporters.ts'
import { defineDriverCell } from './matrix.ts'

/** The part of an exporter's file before its drivers. */
export const exporterHead = `apiVersion: jumpstarter.dev/v1alpha1
kind: ExporterConfig
metadata: { namespace: default, name: drivers }
export:
`

/** A set-up of {@link useTheirDrivers}. */
export interface DriverSetUp {
  /** A folder for files, which is removed at the end. */
  readonly folder: string
  /** What the drivers lead to, and is disposed of at the end. */
  readonly peers: AsyncDisposableStack
  readonly certificates: Certificates
}

/** What Jumpstarter's exporter is started with. */
export interface ExporterParts {
  /** The drivers, in the form of an exporter's file. */
  readonly entries: string
  /** More variables of its environment. */
  readonly variables?: NodeJS.ProcessEnv
}

/** Starts Jumpstarter's exporter over TCP for the tests of the block that calls it. */
export function useTheirDrivers(setUp: (to: DriverSetUp) => Promise<ExporterParts>) {
  const cleanups = new AsyncDisposableStack()
  let root: Connection['root'] | undefined
  let path = ''
  beforeAll(async () => {
    const folder = await createPrivateFolder()
    cleanups.defer(() => folder.remove())
    path = folder.path
    const certificates = cleanups.use(await createCertificates())
    const { entries, variables } = await setUp({ folder: path, peers: cleanups, certificates })
    const file = join(path, 'exporter.yaml')
    writeFileSync(file, exporterHead + entries)
    const exporter = cleanups.use(await startTheirs(file, 'TCP', certificates, variables))
    const { address, ...security } = exporter.endpoint
    const connection = await connect(address, security)
    cleanups.defer(() => connection.close())
    root = connection.root
  })
  afterAll(() => cleanups.disposeAsync())
  return {
    /** The folder of the set-up. */
    folder: () => path,
    /** The client of a driver, which has to be of the class that the driver's label stands for. */
    find<Client>(name: string, Class: abstract new (...args: never[]) => Client): Client {
      const client: unknown = root?.children[name]
      expect(client).toBeInstanceOf(Class)
      return client as Client
    },
    /** The client of a driver that has no class of its own, derived from its interface. */
    derived<Client>(name: string): Client {
      return root?.children[name] as Client
    },
  }
}

/** A test that our client works one of Jumpstarter's drivers: a row of the table of drivers. */
export function theirDriver(name: string, driver: string, run: (context: TestContext) => Promise<void>): void {
  defineDriverCell({ interface: name, driver, direction: 'our client, their exporter' }, run)
}
