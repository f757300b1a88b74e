import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'

import { LockPlace } from '../../support/lock-place.ts'

/** Six processes take a lock `rounds` times each. It is fair, and never taken by two. */
export async function takeTurns(rounds: number): Promise<void> {
  const place = await LockPlace.create()
  const count = 6
  const workers = Array.from({ length: count }, () => place.start('work', { rounds }))
  expect(await Promise.all(workers.map(({ ended }) => ended))).toEqual(workers.map(() => [0, null]))
  expectNoViolation(place)
  const all = place.turns()
  expect(all).toHaveLength(count * rounds)
  const waited = all.map(({ asked, got, pid }) => {
    const between = all.filter((other) => other.pid !== pid && BigInt(other.got) > BigInt(asked))
    return between.filter((other) => BigInt(other.got) < BigInt(got)).length
  })
  const mostly = waited.toSorted((one, other) => one - other)[Math.floor(0.9 * waited.length)]
  expect(mostly, 'each of the others comes once').toBeLessThan(2 * count)
  // A process that the machine does not let run for a while misses some turns.
  expect(Math.max(...waited), 'nobody is forgotten').toBeLessThan(15 * count)
  expect(existsSync(place.folder), 'the folder is removed').toBe(false)
}

/** Kills processes at any moment while they take a lock in turn. The others go on. */
export async function killWorkers(kills: number): Promise<void> {
  const place = await LockPlace.create()
  const random = createRandom(7)
  const startWorker = () => place.start('work', { rounds: 10_000 })
  const workers = Array.from({ length: 4 }, startWorker)
  await expect.poll(() => place.turns().length, { timeout: 20_000 }).toBeGreaterThan(0)
  for (let kill = 0; kill < kills; kill++) {
    await delay(random(120))
    const index = random(workers.length)
    workers[index]?.child.kill('SIGKILL')
    await workers[index]?.ended
    workers[index] = startWorker()
  }
  const before = place.turns().length
  await expect.poll(() => place.turns().length, { timeout: 20_000 }).toBeGreaterThan(before + 10)
  for (const { child } of workers) child.kill('SIGKILL')
  await Promise.all(workers.map(({ ended }) => ended))
  expectNoViolation(place)
  const { release } = await place.lock()
  await release()
  expect(existsSync(place.folder), 'the folder is removed').toBe(false)
}

/** Kills the holder of a lock again and again. @returns the milliseconds until this process has the lock */
export async function killHolders(kills: number): Promise<number[]> {
  const place = await LockPlace.create()
  const times: number[] = []
  let holder = place.start('hold')
  await holder.says('held')
  while (times.length < kills) {
    const waiting = place.startWaiting()
    await waiting.waits()
    const begin = performance.now()
    holder.child.kill('SIGKILL')
    const { abandoned, release } = await waiting.taken
    times.push(performance.now() - begin)
    expect(abandoned).toBe(true)
    holder = place.start('hold')
    await holder.says('waiting')
    await release()
    await holder.says('held')
  }
  return times
}

function expectNoViolation({ notes }: LockPlace): void {
  expect(existsSync(join(notes, 'violations')), 'two had it at the same time').toBe(false)
}

/** Random numbers that are the same in each run. */
function createRandom(seed: number) {
  let state = seed
  return (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >>> 8) % below
  }
}
