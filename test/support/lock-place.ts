import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished } from 'vitest'

import type { LockOwner } from '../../src/leases/machine-lock/claim.ts'
import { type LockOptions, lockOnMachine } from '../../src/leases/machine-lock/machine-lock.ts'
import type { LockTask, Turn } from './lock-process.ts'

const program = fileURLToPath(new URL('lock-process.ts', import.meta.url))

/** The description of this process for those that wait for it. */
export const owner = { pid: process.pid, command: 'test' }

/** A lock in a folder that only one test uses, and processes that take it. The test removes the folder and ends the processes. */
export class LockPlace {
  /** The folder in which processes note their turns. */
  readonly notes: string
  /** The folder of the claims, which does not exist while nobody wants the lock. */
  folder: string

  private constructor(notes: string) {
    this.notes = notes
    this.folder = join(notes, 'claims')
  }

  static async create(): Promise<LockPlace> {
    const notes = await mkdtemp(join(tmpdir(), 'lock-'))
    onTestFinished(() => rm(notes, { recursive: true, force: true }))
    return new LockPlace(notes)
  }

  lock(options: Partial<LockOptions> = {}) {
    return lockOnMachine('board', { folder: this.folder, owner, ...options })
  }

  /**
   * Starts another process.
   *
   * @param limit a command of the shell that limits the process: `ulimit -n 100`
   */
  start(task: LockTask['task'], options: Partial<LockTask> = {}, limit?: string) {
    const { folder, notes } = this
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

  /** Takes the lock while another process has it. */
  startWaiting(options: Partial<LockOptions> = {}) {
    const holders: LockOwner[] = []
    const taken = this.lock({ ...options, waiting: (holder) => holders.push(holder) })
    const waits = async () => {
      await expect.poll(() => holders.length, { timeout: 10_000 }).toBeGreaterThan(0)
    }
    return { taken, holders, waits }
  }

  /** The turns that the processes have written down so far. */
  turns(): Turn[] {
    const file = join(this.notes, 'turns')
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []
    return lines.map((line) => JSON.parse(line) as Turn)
  }
}
