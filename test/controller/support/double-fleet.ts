import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { createCertificates } from '../../support/certificates.ts'
import { startController } from '../../support/controller/start.ts'
import type { Fleet, FleetSpec } from './fleet.ts'

/** The time after a start in which the real controller refuses every token, in milliseconds. */
const refusesTokensMs = 10_000

/** Starts the double of the tests. */
export async function startDoubleFleet(spec: FleetSpec): Promise<Fleet> {
  const certificates = await createCertificates()
  const double = await startController({ certificates, ...spec })
  return {
    folder: certificates.folder,
    exporterConfig: (name, more) => double.exporterConfig(name, more),
    clientFile(name) {
      const file = join(certificates.folder, `client-${name}.yaml`)
      writeFileSync(file, double.clientConfig(name))
      return file
    },
    restart: {
      controller: (downMs) => double.restart({ downMs, refusesTokensMs }),
      router: (downMs) => double.router.goDown(downMs),
    },
    async [Symbol.asyncDispose]() {
      await double[Symbol.asyncDispose]()
      await certificates.remove()
    },
  }
}
