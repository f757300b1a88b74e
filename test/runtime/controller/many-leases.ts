import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'

import type { Certificates } from '../../support/certificates.ts'
import { serveLab, use } from '../../support/controller/serve-lab.ts'
import { countHandles } from '../../support/handles.ts'

/** Counts what is made from here on. */
const handles = countHandles()

/**
 * Leases exporters of a controller one after another, uses every tenth, and expects that nothing is left.
 *
 * @returns the milliseconds that each lease took
 */
export async function leaseManyTimes(certificates: Certificates, leases: number, exporters = 12): Promise<number[]> {
  const names = Array.from({ length: exporters }, (_, n) => `exporter-${n}`)
  const lab = await serveLab(certificates, names)
  // The first leases load modules and make connections, once for all.
  for (let n = 0; n < 2 * names.length; n++) await (await lab.lease()).release()
  const before = await settledHandles()
  const times: number[] = []
  for (let n = 0; n < leases; n++) {
    const begin = performance.now()
    const lease = await lab.lease()
    times.push(performance.now() - begin)
    if (n % 10 === 0) await use(lease)
    await lease.release()
  }
  await expectNothingLeft(lab, before)
  return times
}

/** Leases three exporters of a controller for more users than that at once, and expects that nothing is left. */
export async function leaseAtOnce(certificates: Certificates, users: number): Promise<void> {
  const names = ['one', 'two', 'three']
  const lab = await serveLab(certificates, names)
  for (const _ of names) await (await lab.lease()).release()
  const before = await settledHandles()
  const used = Array.from({ length: users }, async () => {
    const lease = await lab.lease()
    try {
      await use(lease)
      return lease.exporter.name
    } finally {
      await lease.release()
    }
  })
  expect(new Set(await Promise.all(used))).toEqual(new Set(names))
  await expectNothingLeft(lab, before)
}

/** Counts handles when those of the leases before have ended. */
async function settledHandles() {
  await delay(2_000)
  return handles()
}

async function expectNothingLeft(
  { state, router }: Awaited<ReturnType<typeof serveLab>>,
  before: Readonly<Record<string, number>>,
): Promise<void> {
  expect([...state.leases.values()].filter(({ end }) => end === undefined)).toEqual([])
  await expect.poll(() => router.tunnels, { timeout: 10_000 }).toBe(0)
  const more = async () => {
    const now = Object.entries(await handles())
    return now.filter(([kind, count]) => count > (before[kind] ?? 0)).map(([kind, count]) => `${kind}: ${count}`)
  }
  // Some handles end a moment after their lease, and exporters report their status now and then. `expect.poll` has timers, which
  // would be counted.
  const begin = performance.now()
  let left = await more()
  while (performance.now() - begin < 20_000 && left.length > 0) {
    await delay(250)
    left = await more()
  }
  expect(left).toEqual([])
}
