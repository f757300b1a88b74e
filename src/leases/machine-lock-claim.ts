import { randomBytes } from 'node:crypto'
import { lstat, mkdir, rename, rm, rmdir } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { HardwareError, messageOf } from '../errors.ts'
import { readMessages, writeMessage } from './message-stream.ts'

/** Who has something, or wants it, as others are told. */
export interface LockOwner {
  readonly pid: number
  /** How it was started: `vitest run`. */
  readonly command: string
  /** The test file it is for, where it is for one. */
  readonly file?: string | undefined
  /** Since when it has it, or waits for it, in milliseconds since 1970. */
  readonly since: number
}

/** Who comes before whom: the one with the earlier time of the machine's steady clock, in nanoseconds. */
export interface Ticket {
  readonly time: string
  readonly id: string
}

/** What a claim tells everyone who connects to it, at once and whenever it changes. */
export interface ClaimState {
  /** `claiming` until it is known whether another one comes first; `released` while it leaves. */
  readonly state: 'claiming' | 'holding' | 'released'
  readonly ticket: Ticket
  readonly owner: LockOwner
}

/** How long those who wait have to make their claims when the lock is released, in milliseconds. */
export const handoverMs = 500

/** What a socket's name begins with until somebody listens on it. */
const unfinishedPrefix = 'new.'

/** The process that has made a socket of the folder, and whether it has not finished it. */
export function parseClaimName(name: string): { readonly pid: number; readonly isUnfinished: boolean } {
  const isUnfinished = name.startsWith(unfinishedPrefix)
  return { pid: Number(name.split('.').at(-2)), isUnfinished }
}

/** A wish for a lock, or the lock itself: a socket with a name of its own, on which this process listens. */
export class Claim {
  /** The lock's name, the process and a number. */
  readonly name: string
  readonly #folder: string
  readonly #server: Server
  readonly #connections = new Set<Socket>()
  #state: ClaimState
  #released: Promise<void> | undefined

  /** @throws HardwareError EXPORTER_FAILED when the folder is not this user's own, or cannot be written to */
  static async make(folder: string, lock: string, state: ClaimState): Promise<Claim> {
    for (let attempt = 1; ; attempt++) {
      const claim = new Claim(folder, `${lock}.${process.pid}.${randomBytes(6).toString('hex')}`, state)
      try {
        await makeFolder(folder)
        await claim.#listen()
        return claim
      } catch (error) {
        if (error instanceof HardwareError) throw error
        // The last one to leave removes the folder, which may be just now; listening in one that is not there is EACCES.
        if (['ENOENT', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '') && attempt < 20) continue
        const what = `Runs see in ${folder} which exporters are in use, and it cannot be used`
        throw new HardwareError('EXPORTER_FAILED', `${what}: ${messageOf(error)}`, { cause: error })
      }
    }
  }

  private constructor(folder: string, name: string, state: ClaimState) {
    this.name = name
    this.#folder = folder
    this.#state = state
    this.#server = createServer((socket) => this.#accept(socket))
  }

  /** Tells everyone. */
  change(state: ClaimState): void {
    this.#state = state
    for (const socket of this.#connections) writeMessage(socket, state)
  }

  /** Withdraws it when all who wait have made their claims, so that the one who has waited longest is next. */
  release(): Promise<void> {
    this.#released ??= this.#release()
    return this.#released
  }

  /** Removes it at once. */
  async withdraw(): Promise<void> {
    await rm(join(this.#folder, this.name), { force: true })
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const socket of this.#connections) socket.destroy()
    await closed
    await rmdir(this.#folder).catch(() => undefined)
  }

  async #release(): Promise<void> {
    this.change({ ...this.#state, state: 'released' })
    // Those who wait close their connections when they have made their claims.
    const limit = new AbortController()
    const followed = Array.from(this.#connections, (socket) => new Promise((resolve) => socket.once('close', resolve)))
    await Promise.race([
      Promise.all(followed),
      delay(handoverMs, undefined, { signal: limit.signal }).catch(() => undefined),
    ])
    limit.abort()
    await this.withdraw()
  }

  async #listen(): Promise<void> {
    const unfinished = join(this.#folder, `${unfinishedPrefix}${this.name}`)
    await new Promise<void>((resolve, reject) => this.#server.on('error', reject).listen(unfinished, resolve))
    // A socket has its name a moment before anybody can connect, and one that refuses is taken for a dead one's.
    await rename(unfinished, join(this.#folder, this.name)).catch(async (error: unknown) => {
      await this.withdraw()
      throw error
    })
  }

  #accept(socket: Socket): void {
    this.#connections.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#connections.delete(socket))
    // Nobody has anything to say to a claim.
    readMessages(socket, () => socket.destroy())
    writeMessage(socket, this.#state)
  }
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  const found = await lstat(folder)
  const isOwn = found.uid === (process.getuid?.() ?? found.uid)
  if (isOwn && found.isDirectory() && (found.mode & 0o777) === 0o700) return
  const what = `${folder}, where runs see which exporters are in use, is not a folder of this user alone`
  throw new HardwareError('EXPORTER_FAILED', `${what}; remove it`)
}
