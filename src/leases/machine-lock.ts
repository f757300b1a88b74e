import { createHash, randomBytes } from 'node:crypto'
import { lstat, mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { HardwareError } from '../errors.ts'
import { Rival } from './machine-lock-rival.ts'
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

/** What {@link lockOnMachine} takes besides the key. */
export interface LockOptions {
  readonly owner: Omit<LockOwner, 'since'>
  /** Is told who has it, whenever that is another one. */
  readonly waiting?: (holder: LockOwner) => void
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined
  /** Where the claims are (default: one folder for each user of the machine). */
  readonly folder?: string
}

/** Something that no other process of this user can have meanwhile. */
export interface MachineLock {
  /** Whether the one who had it before has died with it, and so may not have cleaned up. */
  readonly abandoned: boolean
  /** Gives it to the one who waits longest. May be called again. */
  release(): Promise<void>
}

/** How long those who wait have to make their claims before the lock can be had by the one who has released it. */
const handoverMs = 500

/** What a socket's name begins with until somebody listens on it. */
const unfinishedPrefix = 'new.'

/**
 * Waits until no other process of this user has what the key stands for. The operating system frees it when the process
 * ends, however it ends: nothing that is left on disk counts, only sockets on which somebody listens.
 *
 * Who wants the lock makes a claim, which is a socket with a name of its own, and then looks at the other claims. As every
 * claim is made before its owner looks, of two at the same time at least one sees the other. One that holds keeps it; of
 * two that do not know yet, the younger one withdraws.
 *
 * @throws HardwareError EXPORTER_FAILED when the folder of the claims is not this user's own
 */
export async function lockOnMachine(key: string, options: LockOptions): Promise<MachineLock> {
  const { folder = defaultFolder(), owner, waiting, signal } = options
  const name = createHash('sha256').update(key).digest('hex').slice(0, 16)
  const ticket = { time: String(process.hrtime.bigint()), id: randomBytes(6).toString('hex') }
  const since = Date.now()
  let before: Rival | undefined
  try {
    for (;;) {
      signal?.throwIfAborted()
      const claim = await Claim.make(folder, name, { state: 'claiming', ticket, owner: { ...owner, since } })
      // Only now, so that the one who has released it sees that somebody follows.
      before?.close()
      const abandoned = before?.abandoned ?? false
      try {
        before = await findRival(folder, name, claim, signal)
        if (before === undefined) {
          claim.change({ state: 'holding', ticket, owner: { ...owner, since: Date.now() } })
          return { abandoned, release: () => claim.release() }
        }
      } catch (error) {
        await claim.withdraw()
        throw error
      }
      await claim.withdraw()
      waiting?.(before.last.owner)
      await before.untilReleased(signal)
    }
  } finally {
    before?.close()
  }
}

/** @returns the claim that comes before this one, connected; none where this one can hold */
async function findRival(
  folder: string,
  name: string,
  claim: Claim,
  signal: AbortSignal | undefined,
): Promise<Rival | undefined> {
  const names = await readdir(folder)
  await Promise.all(names.filter(isLeftUnfinished).map((entry) => rm(join(folder, entry), { force: true })))
  for (const other of names.filter((entry) => entry.startsWith(`${name}.`) && entry !== claim.name)) {
    const path = join(folder, other)
    const rival = await Rival.connect(path, signal)
    if (rival === undefined) {
      // Nobody ever listens there again: each claim has a name of its own.
      await rm(path, { force: true })
    } else if (await rival.comesBefore(claim.state.ticket, signal)) {
      return rival
    } else {
      rival.close()
    }
  }
  return undefined
}

/** Whether it is the socket of a process that was killed before it had made its claim. */
function isLeftUnfinished(entry: string): boolean {
  const pid = entry.startsWith(unfinishedPrefix) ? Number(entry.split('.')[1]) : Number.NaN
  if (Number.isNaN(pid)) return false
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

function defaultFolder(): string {
  // Not where TMPDIR says, which may be another place for each process.
  return join('/tmp', `vitest-hardware-${process.getuid?.() ?? 'user'}`)
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  const { uid, mode } = await lstat(folder)
  if (uid === (process.getuid?.() ?? uid) && (mode & 0o777) === 0o700) return
  const what = `${folder}, where runs see which exporters are in use, is not a folder of this user alone`
  throw new HardwareError('EXPORTER_FAILED', `${what}; remove it`)
}

class Claim {
  readonly name: string
  readonly #folder: string
  readonly #server: Server
  readonly #connections = new Set<Socket>()
  #state: ClaimState
  #released: Promise<void> | undefined

  static async make(folder: string, name: string, state: ClaimState): Promise<Claim> {
    for (let attempt = 1; ; attempt++) {
      const claim = new Claim(folder, `${name}.${randomBytes(6).toString('hex')}`, state)
      try {
        await makeFolder(folder)
        await claim.#listen()
        return claim
      } catch (error) {
        // The last one to leave removes the folder, which may be just now.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === 20) throw error
      }
    }
  }

  private constructor(folder: string, name: string, state: ClaimState) {
    this.name = name
    this.#folder = folder
    this.#state = state
    this.#server = createServer((socket) => this.#accept(socket))
  }

  get state(): ClaimState {
    return this.#state
  }

  change(state: ClaimState): void {
    this.#state = state
    for (const socket of this.#connections) writeMessage(socket, state)
  }

  release(): Promise<void> {
    this.#released ??= this.#release()
    return this.#released
  }

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
    const unfinished = join(this.#folder, `${unfinishedPrefix}${process.pid}.${this.name}`)
    await new Promise<void>((resolve, reject) => this.#server.once('error', reject).listen(unfinished, resolve))
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
