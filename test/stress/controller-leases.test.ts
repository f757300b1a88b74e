import { afterAll, beforeAll, expect, test } from 'vitest'

import { leaseAtOnce, leaseManyTimes } from '../runtime/controller/many-leases.ts'
import { type Certificates, createCertificates } from '../support/certificates.ts'
import { medianAndLongest } from './support/median-and-longest.ts'
import { scaled } from './support/scaled.ts'

const leases = scaled(200)
/** More than there are exporters, so that some wait. */
const users = Math.max(6, scaled(20))

let certificates: Certificates
beforeAll(async () => {
  certificates = await createCertificates()
})
afterAll(() => certificates.remove())

test(`exporters of a controller are leased and reached soon, ${leases} times, and nothing is left`, async () => {
  const { median } = medianAndLongest('leased and connected', await leaseManyTimes(certificates, leases))
  // Python's client looks every five seconds.
  expect(median).toBeLessThan(1_000)
})

test(`exporters of a controller are leased by ${users} at once, who take turns, and nothing is left`, async () => {
  await leaseAtOnce(certificates, users)
})
