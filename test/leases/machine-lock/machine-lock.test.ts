import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { beforeEach, describe, expect, test } from 'vitest'

import { type LockOptions, lockOnMachine } from '../../../src/leases/machine-lock/machine-lock.ts'
import { LockPlace, owner } from '../../support/lock-place.ts'
import { killHolders, killWorkers, takeTurns } from './contention.ts'

const timeout = 60_000

let place: LockPlace
beforeEach(async () => {
  place = await LockPlace.create()
})
const lock = (options?: Partial<LockOptions>) => place.lock(options)

describe('several processes', () => {
  test('hold the lock one after another, in the order of their claims', { timeout }, () => takeTurns(8))
  test('that are killed at any moment leave the lock to the others', { timeout }, () => killWorkers(6))
  test('get the lock when its holder is killed', { timeout }, () => killHolders(3))
})

describe('a process that waits', () => {
  test('knows the holder, and gets the lock when the holder releases it', { timeout }, async () => {
    const holder = place.start('hold')
    await holder.says('held')
    const waiting = place.startWaiting()
    await waiting.waits()
    expect(waiting.holders).toEqual([
      { pid: holder.pid, command: 'lock hold', file: 'a.test.ts', since: expect.any(Number) },
    ])
    holder.child.send('release')
    const { abandoned, release } = await waiting.taken
    expect(abandoned).toBe(false)
    await Promise.all([release(), release()])
    expect(existsSync(place.folder)).toBe(false)
  })

  test('ends its wait with its signal, and the holder keeps the lock', { timeout }, async () => {
    const held = await lock()
    const end = new AbortController()
    const waiting = place.startWaiting({ signal: end.signal })
    await waiting.waits()
    end.abort(new Error('enough'))
    await expect(waiting.taken).rejects.toThrow('enough')
    await expect(lock({ signal: end.signal })).rejects.toThrow('enough')
    const other = place.startWaiting()
    await other.waits()
    await held.release()
    await (await other.taken).release()
    expect(existsSync(place.folder)).toBe(false)
  })

  test('also learns of a holder that has died earlier', { timeout }, async () => {
    const holder = place.start('hold')
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

  test('waits for a holder that is stopped, and knows its process id', { timeout }, async () => {
    const holder = place.start('hold')
    await holder.says('held')
    holder.child.kill('SIGSTOP')
    const waiting = place.startWaiting()
    await waiting.waits()
    expect(waiting.holders).toMatchObject([{ pid: holder.pid, command: 'a process that does not answer' }])
    holder.child.kill('SIGCONT')
    await expect.poll(() => waiting.holders.at(-1)?.command, { timeout: 10_000 }).toBe('lock hold')
    holder.child.kill('SIGKILL')
    await (await waiting.taken).release()
  })

  test('does not wait for another waiting process that is stopped', { timeout }, async () => {
    const held = await lock()
    const stopped = place.start('hold')
    await stopped.says('waiting')
    stopped.child.kill('SIGSTOP')
    const waiting = place.startWaiting()
    await waiting.waits()
    await held.release()
    const next = await waiting.taken
    stopped.child.kill('SIGCONT')
    await delay(100)
    expect(stopped.told.some(({ held: isHeld }) => isHeld === true)).toBe(false)
    await next.release()
    await stopped.says('held')
  })

  test('does not take a process without file descriptors for a dead one', { timeout }, async () => {
    const holder = place.start('exhaust', {}, 'ulimit -n 100')
    await holder.says('held')
    const waiting = place.startWaiting()
    await waiting.waits()
    expect(waiting.holders[0]?.command).toBe('a process that does not answer')
    expect(readdirSync(place.folder).some((name) => name.includes(`.${holder.pid}.`))).toBe(true)
    holder.child.kill('SIGKILL')
    const { abandoned, release } = await waiting.taken
    expect(abandoned).toBe(true)
    await release()
  })
})

describe('the folder', () => {
  test.each<[string, () => void]>([
    ['is open to others', () => chmodSync(place.folder, 0o755)],
    ['is open to a group', () => chmodSync(place.folder, 0o710)],
  ])('is refused where it %s', async (_what, change) => {
    mkdirSync(place.folder, { mode: 0o700 })
    change()
    await expect(lock()).rejects.toMatchObject({
      code: 'EXPORTER_FAILED',
      message: `${place.folder}, in which runs see the exporters in use, is not a private folder of this user; remove it`,
    })
  })

  test('is refused if it is a link, or no folder', async () => {
    mkdirSync(`${place.folder}-real`, { mode: 0o700 })
    symlinkSync(`${place.folder}-real`, place.folder)
    await expect(lock()).rejects.toThrow('is not a private folder of this user')
    place.folder = join(place.notes, 'file')
    writeFileSync(place.folder, '', { mode: 0o700 })
    await expect(lock()).rejects.toThrow('is not a private folder of this user')
  })

  test('is refused if it belongs to another user', async ({ skip }) => {
    if (process.getuid?.() !== 0) skip('only root can give a folder to another user')
    mkdirSync(place.folder, { mode: 0o700 })
    chownSync(place.folder, 12_345, 12_345)
    await expect(lock()).rejects.toThrow('is not a private folder of this user')
  })

  test('that cannot be made is an error that names it', async () => {
    place.folder = '/dev/null/claims'
    await expect(lock()).rejects.toMatchObject({
      code: 'EXPORTER_FAILED',
      message: expect.stringMatching(/^The folder \/dev\/null\/claims, .*, cannot be used: ENOTDIR/),
    })
    place.folder = join(place.notes, 'missing', 'claims')
    await expect(lock()).rejects.toThrow(/cannot be used: ENOENT/)
  })

  test('may be removed and made at any moment', { timeout }, async () => {
    // Nobody else keeps the folder, so that each one makes and removes it.
    const use = async (key: string) => {
      for (let round = 0; round < 100; round++)
        await (await lockOnMachine(key, { folder: place.folder, owner })).release()
    }
    await Promise.all(['one', 'two', 'three'].map(use))
    expect(existsSync(place.folder)).toBe(false)
  })

  test('may have anything in it, and may be removed', async () => {
    const first = await lock()
    const [name = ''] = readdirSync(place.folder)
    const prefix = name.split('.')[0]
    await first.release()
    mkdirSync(place.folder, { mode: 0o700 })
    writeFileSync(join(place.folder, `${prefix}.1.file`), 'text')
    mkdirSync(join(place.folder, `${prefix}.1.folder`))
    // The socket of a process that was killed while it made it, as no process has this number.
    writeFileSync(join(place.folder, `new.${prefix}.4194305.0`), '')
    writeFileSync(join(place.folder, 'other'), '')
    const second = await lock()
    expect(readdirSync(place.folder).toSorted()).toEqual([expect.stringMatching(`^${prefix}\\.`), 'other'])
    await rm(place.folder, { recursive: true })
    await second.release()
    const third = await lock()
    await third.release()
    expect(existsSync(place.folder)).toBe(false)
  })
})
