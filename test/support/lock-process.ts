/**
 * A process that uses a lock, for the tests of it: `hold` takes it and keeps it, `exhaust` does so without file descriptors
 * left, and `work` takes it again and again.
 */
import { appendFileSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { lockOnMachine } from '../../src/leases/machine-lock/machine-lock.ts'

/** The task of the process, as JSON in its argument. */
export interface LockTask {
  readonly task: 'hold' | 'exhaust' | 'work'
  readonly folder: string
  /** The folder in which `work` notes its turns. */
  readonly notes?: string
  /** The number of times that `work` takes the lock. */
  readonly rounds?: number
}

/** One turn of `work`, a line of the file `turns`; times are of the machine's steady clock, in nanoseconds. */
export interface Turn {
  readonly pid: number
  readonly asked: string
  readonly got: string
  readonly abandoned: boolean
}

const { task, folder, notes = '', rounds = 1 } = JSON.parse(process.argv[2] ?? '{}') as LockTask
const owner = { pid: process.pid, command: `lock ${task}`, file: 'a.test.ts' }
const take = () => lockOnMachine('board', { folder, owner, waiting: (holder) => process.send?.({ waiting: holder }) })

if (task === 'work') {
  for (let round = 0; round < rounds; round++) {
    const asked = String(process.hrtime.bigint())
    const lock = await take()
    const got = String(process.hrtime.bigint())
    const mark = join(notes, 'used')
    // One that was killed could not remove its own.
    if (lock.abandoned) rmSync(mark, { force: true })
    try {
      writeFileSync(mark, String(process.pid), { flag: 'wx' })
    } catch {
      appendFileSync(join(notes, 'violations'), `${process.pid} has it at the same time as another\n`)
    }
    appendFileSync(
      join(notes, 'turns'),
      `${JSON.stringify({ pid: process.pid, asked, got, abandoned: lock.abandoned })}\n`,
    )
    await delay(1)
    rmSync(mark, { force: true })
    await lock.release()
  }
  process.disconnect()
} else {
  const { abandoned, release } = await take()
  try {
    if (task === 'exhaust') for (;;) openSync('/dev/null', 'r')
  } catch {
    // There are none left.
  }
  process.on('message', () => void release().then(() => process.disconnect()))
  process.send?.({ held: true, abandoned })
}
