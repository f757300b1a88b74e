import { afterAll, beforeAll } from 'vitest'

import { type Certificates, createCertificates } from '../../support/certificates.ts'
import type { Surroundings } from './exporter-file.ts'
import { type PowerPeers, startPowerPeers } from './power-peers.ts'
import { createSurroundings } from './surroundings.ts'

/** What the tests of a block share. */
interface Shared {
  surroundings: Surroundings
  certificates: Certificates
  /** Devices that switch power; undefined without the option, and on a machine without their daemons. */
  powerPeers: PowerPeers | undefined
}

/**
 * Makes what exporters lead to, and certificates, for the tests of the block that calls it; they are there while it runs.
 *
 * @param options.withPowerPeers also start devices that switch power, and add their drivers to exporters' files
 */
export function useSurroundings({ withPowerPeers = false } = {}): Readonly<Shared> {
  const cleanups = new AsyncDisposableStack()
  const shared = {} as Shared
  beforeAll(async () => {
    const surroundings = cleanups.use(await createSurroundings())
    shared.powerPeers = cleanups.use(withPowerPeers ? await startPowerPeers() : undefined)
    shared.surroundings = { ...surroundings, entries: shared.powerPeers?.entries }
    shared.certificates = cleanups.use(await createCertificates())
  })
  afterAll(() => cleanups.disposeAsync())
  return shared
}
