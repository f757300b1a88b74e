import { randomBytes } from 'node:crypto'
import { lstat, mkdir, rename, rm, rmdir } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'

import { readMessages, writeMessage } from '../../base/json-lines.ts'
import { withTimeLimit } from '../../base/time-limit.ts'
import { HardwareError, messageOf } from '../../errors.ts'

/** A process that holds a lock, or waits for it. Other processes show it to their users. */
export interface LockOwner {
  readonly pid: number
  /** The command that started the process: `vitest run`. */
  readonly command: string
  /** The test file that needs the lock, if any. */
  readonly file?: string | undefined
  /** The time at which the process got the lock, or began to wait, in milliseconds since 1970. */
  readonly since: number
}

/** A place in the queue of a lock: the time of the machine's steady clock, in nanoseconds. The earlier one comes first. */
export interface Ticket {
  readonly time: string
  readonly id: string
}

/** The state that a claim sends to each process that connects, at once and each time that it changes. */
export interface ClaimState {
  /** `claiming` until the process knows if another one comes first; `released` while it leaves. */
  readonly state: 'claiming' | 'holding' | 'released'
  readonly ticket: Ticket
  readonly owner: LockOwner
}

/** The time that waiting processes have to make their claims when the lock is released, in milliseconds. */
export const handoverMs = 500

/** The beginning of a socket's name until the process listens on it. */
const unfinishedPrefix = 'new.'

/** Reads the name of a claim's socket: the process that has made it, and if that has not finished yet. */
export function parseClaimName(name: string): { readonly pid: number; readonly isUnfinished: boolean } {
  const isUnfinished = name.startsWith(unfinishedPrefix)
  return { pid: Number(name.split('.').at(-2)), isUnfinished }
}

/** A claim on a lock, or the lock itself: a socket on which this process listens. */
export class Claim {
  /** The socket's name: the lock's name, the process id and a random number. */
  readonly name: string
  readonly #folder: string
  readonly #server: Server
  readonly #connections = new Set<Socket>()
  #state: ClaimState
  #released: Promise<void> | undefined

  /** @throws HardwareError EXPORTER_FAILED when the folder belongs to another user, or cannot be written to */
  static async make(folder: string, lock: string, state: ClaimState): Promise<Claim> {
    for (let attempt = 1; ; attempt++) {
      const claim = new Claim(folder, `${lock}.${process.pid}.${randomBytes(6).toString('hex')}`, state)
      try {
        await makeFolder(folder)
        await claim.#listen()
        return claim
      } catch (error) {
        if (error instanceof HardwareError) throw error
        // The last process to leave removes the folder, perhaps just now. To listen in a missing folder is EACCES.
        if (['ENOENT', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '') && attempt < 20) continue
        const what = `The folder ${folder}, in which runs see the exporters in use, cannot be used`
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

  /** Changes the state, and sends it to all connected processes. */
  change(state: ClaimState): void {
    this.#state = state
    for (const socket of this.#connections) writeMessage(socket, state)
  }

  /** Releases the lock: withdraws the claim when all waiting processes have made theirs, so that the first of them is next. */
  release(): Promise<void> {
    this.#released ??= this.#release()
    return this.#released
  }

  /** Removes the claim at once. */
  async withdraw(): Promise<void> {
    await rm(join(this.#folder, this.name), { force: true })
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const socket of this.#connections) socket.destroy()
    await closed
    await rmdir(this.#folder).catch(() => undefined)
  }

  async #release(): Promise<void> {
    this.change({ ...this.#state, state: 'released' })
    // A process that waits closes its connection when it has made its claim.
    const limit = { name: 'the handover', timeoutMs: handoverMs }
    await withTimeLimit(limit, () => Promise.all(Array.from(this.#connections, whenClosed))).catch(() => undefined)
    await this.withdraw()
  }

  async #listen(): Promise<void> {
    const unfinished = join(this.#folder, `${unfinishedPrefix}${this.name}`)
    await new Promise<void>((resolve, reject) => this.#server.on('error', reject).listen(unfinished, resolve))
    // A socket has its name a moment before anybody can connect, and a socket that refuses looks like that of a dead process.
    await rename(unfinished, join(this.#folder, this.name)).catch(async (error: unknown) => {
      await this.withdraw()
      throw error
    })
  }

  #accept(socket: Socket): void {
    this.#connections.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#connections.delete(socket))
    // A claim expects no messages.
    readMessages(socket, () => socket.destroy())
    writeMessage(socket, this.#state)
  }
}

function whenClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  const found = await lstat(folder)
  const isOwn = found.uid === (process.getuid?.() ?? found.uid)
  if (isOwn && found.isDirectory() && (found.mode & 0o777) === 0o700) return
  const what = `${folder}, in which runs see the exporters in use, is not a private folder of this user`
  throw new HardwareError('EXPORTER_FAILED', `${what}; remove it`)
}
