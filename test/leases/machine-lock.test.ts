import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'

import { type LockOptions, lockOnMachine } from '../../src/leases/machine-lock.ts'
import type { LockOwner } from '../../src/leases/machine-lock-claim.ts'
import type { LockTask, Turn } from '../support/lock-process.ts'

const program = fileURLToPath(new URL('../support/lock-process.ts', import.meta.url))
const timeout = 60_000
const owner = { pid: process.pid, command: 'test' }

let notes: string
let folder: string

beforeEach(async () => {
  notes = await mkdtemp(join(tmpdir(), 'lock-'))
  folder = join(notes, 'claims')
  onTestFinished(() => rm(notes, { recursive: true, force: true }))
})

const lock = (options: Partial<LockOptions> = {}) => lockOnMachine('board', { folder, owner, ...options })

/** Another process; ended with the test. */
function start(task: LockTask['task'], options: Partial<LockTask> = {}, limit?: string) {
  const argument = JSON.stringify({ task, folder, notes, ...options } satisfies LockTask)
  const child: ChildProcess =
    limit === undefined
      ? fork(program, [argument])
      : spawn('sh', ['-c', `${limit}; exec "$0" "$@"`, process.execPath, program, argument], {
          stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        })
  onTestFinished(() => void child.kill('SIGKILL'))
  const told: { held?: boolean; abandoned?: boolean; waiting?: LockOwner }[] = []
  child.on('message', (message) => told.push(message as (typeof told)[number]))
  const says = async (what: 'held' | 'waiting') => {
    await expect.poll(() => told.find((one) => what in one), { timeout: 20_000 }).toBeDefined()
  }
  return { child, pid: child.pid ?? 0, told, says, ended: once(child, 'exit') }
}

/** The parts of a lock that somebody waits for. */
function startWaiting(options: Partial<LockOptions> = {}) {
  const holders: LockOwner[] = []
  const taken = lock({ ...options, waiting: (holder) => holders.push(holder) })
  const waits = async () => {
    await expect.poll(() => holders.length, { timeout: 10_000 }).toBeGreaterThan(0)
  }
  return { taken, holders, waits }
}

const turns = () =>
  readFileSync(join(notes, 'turns'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Turn)

/** Random numbers that are the same in each run. */
function createRandom(seed: number) {
  let state = seed
  return (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >>> 8) % below
  }
}

describe('several processes', () => {
  test('have it one after another, in the order they asked', { timeout }, async () => {
    const [count, rounds] = [6, 50]
    const workers = Array.from({ length: count }, () => start('work', { rounds }))
    expect(await Promise.all(workers.map(({ ended }) => ended))).toEqual(workers.map(() => [0, null]))
    expect(existsSync(join(notes, 'violations')), 'two had it at the same time').toBe(false)
    const all = turns()
    expect(all).toHaveLength(count * rounds)
    const overtaken = all.map(({ asked }, place) => {
      return all.slice(0, place).filter((other) => BigInt(other.asked) > BigInt(asked)).length
    })
    const waited = all.map(({ asked, got, pid }) => {
      const between = all.filter((other) => other.pid !== pid && BigInt(other.got) > BigInt(asked))
      return between.filter((other) => BigInt(other.got) < BigInt(got)).length
    })
    console.log(
      `at most ${Math.max(...waited)} turns of others before one's own, ${Math.max(...overtaken)} out of order`,
    )
    const mostly = waited.toSorted((one, other) => one - other)[Math.floor(0.9 * waited.length)]
    expect(mostly, 'each of the others comes once').toBeLessThan(2 * count)
    // One that the machine does not let run for a while misses some turns.
    expect(Math.max(...waited), 'nobody is forgotten').toBeLessThan(15 * count)
    expect(existsSync(folder), 'the folder is removed').toBe(false)
  })

  test('that are killed at any moment leave it to the others', { timeout }, async () => {
    const seed = 7
    const random = createRandom(seed)
    const workers = Array.from({ length: 4 }, () => start('work', { rounds: 10_000 }))
    let kills = 0
    for (; kills < 40; kills++) {
      await delay(random(120))
      const index = random(workers.length)
      workers[index]?.child.kill('SIGKILL')
      await workers[index]?.ended
      workers[index] = start('work', { rounds: 10_000 })
    }
    const before = turns().length
    await expect.poll(() => turns().length, { timeout: 20_000 }).toBeGreaterThan(before + 10)
    for (const { child } of workers) child.kill('SIGKILL')
    await Promise.all(workers.map(({ ended }) => ended))
    expect(existsSync(join(notes, 'violations')), 'two had it at the same time').toBe(false)
    console.log(`${turns().length} turns, ${turns().filter(({ abandoned }) => abandoned).length} after a dead holder`)
    const { release } = await lock()
    await release()
    expect(existsSync(folder), 'the folder is removed').toBe(false)
  })

  test('hand it over within milliseconds when the holder is killed', { timeout }, async () => {
    const times: number[] = []
    let holder = start('hold')
    await holder.says('held')
    for (let round = 0; round < 50; round++) {
      const waiting = startWaiting()
      await waiting.waits()
      const begin = performance.now()
      holder.child.kill('SIGKILL')
      const { abandoned, release } = await waiting.taken
      times.push(performance.now() - begin)
      expect(abandoned).toBe(true)
      holder = start('hold')
      await holder.says('waiting')
      await release()
      await holder.says('held')
    }
    const sorted = times.toSorted((one, other) => one - other)
    const [median = NaN, max = NaN] = [sorted[25], sorted[49]]
    console.log(`handover after SIGKILL: median ${median.toFixed(1)} ms, at most ${max.toFixed(1)} ms`)
    // The aims are 20 and 100 ms; a machine that does much else at the same time may need longer.
    expect(median).toBeLessThan(200)
    expect(max).toBeLessThan(2000)
  })
})

describe('the one that waits', () => {
  test('is told who has it, and gets it when that releases it', { timeout }, async () => {
    const holder = start('hold')
    await holder.says('held')
    const waiting = startWaiting()
    await waiting.waits()
    expect(waiting.holders).toEqual([
      { pid: holder.pid, command: 'lock hold', file: 'a.test.ts', since: expect.any(Number) },
    ])
    holder.child.send('release')
    const { abandoned, release } = await waiting.taken
    expect(abandoned).toBe(false)
    await Promise.all([release(), release()])
    expect(existsSync(folder)).toBe(false)
  })

  test('ends with its signal, and the holder keeps it', { timeout }, async () => {
    const held = await lock()
    const end = new AbortController()
    const waiting = startWaiting({ signal: end.signal })
    await waiting.waits()
    end.abort(new Error('enough'))
    await expect(waiting.taken).rejects.toThrow('enough')
    await expect(lock({ signal: end.signal })).rejects.toThrow('enough')
    const other = startWaiting()
    await other.waits()
    await held.release()
    await (await other.taken).release()
    expect(existsSync(folder)).toBe(false)
  })

  test('learns also of a holder that died before it came', { timeout }, async () => {
    const holder = start('hold')
    await holder.says('held')
    holder.child.kill('SIGKILL')
    await holder.ended
    const after = await lock()
    expect(after.abandoned).toBe(true)
    await after.release()
    const again = await lock()
    expect(again.abandoned, 'once').toBe(false)
    await again.release()
  })

  test('waits for one that is stopped, and is told its number', { timeout }, async () => {
    const holder = start('hold')
    await holder.says('held')
    holder.child.kill('SIGSTOP')
    const waiting = startWaiting()
    await waiting.waits()
    expect(waiting.holders).toMatchObject([{ pid: holder.pid, command: 'a process that does not answer' }])
    holder.child.kill('SIGCONT')
    await expect.poll(() => waiting.holders.at(-1)?.command, { timeout: 10_000 }).toBe('lock hold')
    holder.child.kill('SIGKILL')
    await (await waiting.taken).release()
  })

  test('is not kept waiting by another one that is stopped', { timeout }, async () => {
    const held = await lock()
    const stopped = start('hold')
    await stopped.says('waiting')
    stopped.child.kill('SIGSTOP')
    const waiting = startWaiting()
    await waiting.waits()
    await held.release()
    const next = await waiting.taken
    stopped.child.kill('SIGCONT')
    await delay(100)
    expect(stopped.told.some(({ held: isHeld }) => isHeld === true)).toBe(false)
    await next.release()
    await stopped.says('held')
  })

  test('does not take one without file descriptors for a dead one', { timeout }, async () => {
    const holder = start('exhaust', {}, 'ulimit -n 100')
    await holder.says('held')
    const waiting = startWaiting()
    await waiting.waits()
    expect(waiting.holders[0]?.command).toBe('a process that does not answer')
    expect(readdirSync(folder).some((name) => name.includes(`.${holder.pid}.`))).toBe(true)
    holder.child.kill('SIGKILL')
    const { abandoned, release } = await waiting.taken
    expect(abandoned).toBe(true)
    await release()
  })
})

describe('the folder', () => {
  test.each<[string, () => void]>([
    ['is open to others', () => chmodSync(folder, 0o755)],
    ['is open to a group', () => chmodSync(folder, 0o710)],
  ])('is refused where it %s', async (_what, change) => {
    mkdirSync(folder, { mode: 0o700 })
    change()
    await expect(lock()).rejects.toMatchObject({
      code: 'EXPORTER_FAILED',
      message: `${folder}, where runs see which exporters are in use, is not a folder of this user alone; remove it`,
    })
  })

  test('is refused where it is a link, or no folder', async () => {
    mkdirSync(`${folder}-real`, { mode: 0o700 })
    symlinkSync(`${folder}-real`, folder)
    await expect(lock()).rejects.toThrow('is not a folder of this user alone')
    folder = join(notes, 'file')
    writeFileSync(folder, '', { mode: 0o700 })
    await expect(lock()).rejects.toThrow('is not a folder of this user alone')
  })

  test('is refused where it is another user’s', async ({ skip }) => {
    if (process.getuid?.() !== 0) skip('only root can give a folder to another user')
    mkdirSync(folder, { mode: 0o700 })
    chownSync(folder, 12_345, 12_345)
    await expect(lock()).rejects.toThrow('is not a folder of this user alone')
  })

  test('that cannot be made is an error that names it', async () => {
    folder = '/dev/null/claims'
    await expect(lock()).rejects.toMatchObject({
      code: 'EXPORTER_FAILED',
      message: expect.stringMatching(/^Runs see in \/dev\/null\/claims .* cannot be used: ENOTDIR/),
    })
    folder = join(notes, 'missing', 'claims')
    await expect(lock()).rejects.toThrow(/cannot be used: ENOENT/)
  })

  test('may be removed and made at any moment', { timeout }, async () => {
    // Nobody else keeps the folder, so that each one makes and removes it.
    const use = async (key: string) => {
      for (let round = 0; round < 100; round++) await (await lockOnMachine(key, { folder, owner })).release()
    }
    await Promise.all(['one', 'two', 'three'].map(use))
    expect(existsSync(folder)).toBe(false)
  })

  test('may have anything in it, and may be removed', async () => {
    const first = await lock()
    const [name = ''] = readdirSync(folder)
    const prefix = name.split('.')[0]
    await first.release()
    mkdirSync(folder, { mode: 0o700 })
    writeFileSync(join(folder, `${prefix}.1.file`), 'text')
    mkdirSync(join(folder, `${prefix}.1.folder`))
    // The socket of a process that was killed while it made it, as no process has this number.
    writeFileSync(join(folder, `new.${prefix}.4194305.0`), '')
    writeFileSync(join(folder, 'other'), '')
    const second = await lock()
    expect(readdirSync(folder).toSorted()).toEqual([expect.stringMatching(`^${prefix}\\.`), 'other'])
    await rm(folder, { recursive: true })
    await second.release()
    const third = await lock()
    await third.release()
    expect(existsSync(folder)).toBe(false)
  })
})
