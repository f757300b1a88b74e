import { afterAll, beforeAll } from 'vitest'

import { type Certificates, createCertificates } from '../../support/certificates.ts'
import type { Surroundings } from './exporter-file.ts'
import { createSurroundings } from './surroundings.ts'

/** What the tests of a block share. */
interface Shared {
  surroundings: Surroundings
  certificates: Certificates
}

/** Makes what exporters lead to, and certificates, for the tests of the block that calls it; they are there while it runs. */
export function useSurroundings(): Readonly<Shared> {
  const cleanups = new AsyncDisposableStack()
  const shared = {} as Shared
  beforeAll(async () => {
    shared.surroundings = cleanups.use(await createSurroundings())
    shared.certificates = cleanups.use(await createCertificates())
  })
  afterAll(() => cleanups.disposeAsync())
  return shared
}
