import { createHash, randomBytes } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'

import { now, startTimer, stopTimer, wallClock } from '../../base/clock.ts'
import { pollUntil } from '../../base/poll.ts'
import { Claim, handoverMs, type LockOwner, parseClaimName, type Ticket } from './claim.ts'
import { Contender } from './contender.ts'

/** Options of {@link lockOnMachine}. */
export interface LockOptions {
  readonly owner: Omit<LockOwner, 'since'>
  /** Receives the process that holds the lock, each time that it is another one. */
  readonly waiting?: ((holder: LockOwner) => void) | undefined
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined
  /** The folder of the claims (default: one folder for each user of the machine). */
  readonly folder?: string | undefined
}

/** A lock that no other process of this user can hold at the same time. */
export interface MachineLock {
  /** True if a process has died while it held the lock, and so may not have cleaned up. */
  readonly abandoned: boolean
  /** Gives the lock to the process that has waited longest. May be called again. */
  readonly release: () => Promise<void>
}

/** The time after which a process that does not send its state is reported as the holder, in milliseconds. */
const noticeAfterMs = 1_000
/** The time between two looks at the claims, while a contender leaves, in milliseconds. */
const leavingPollMs = 2

/**
 * Waits until no other process of this user holds the lock of a key. The operating system frees the lock when the process ends,
 * in any way: files on the disk do not count, only sockets on which a process listens.
 *
 * The algorithm is a bakery lock on sockets. A process that wants the lock takes a ticket, which is the time, and makes a claim,
 * which is a socket. Then it reads the other claims. As every process makes its claim before it reads, at least one
 * of two processes at the same time sees the other. A holder keeps the lock; of two that claim it, the one with the earlier
 * ticket comes first, and the other one withdraws its claim and waits. The next holder removes the sockets of dead processes.
 *
 * @param key names the lock
 * @throws HardwareError EXPORTER_FAILED when the folder of the claims belongs to another user, or cannot be written to
 */
export async function lockOnMachine(key: string, options: LockOptions): Promise<MachineLock> {
  const { folder = claimsFolder(), owner, waiting, signal } = options
  const name = lockName(key)
  const ticket = { time: String(process.hrtime.bigint()), id: randomBytes(6).toString('hex') }
  const since = wallClock()
  let before: Contender | undefined
  try {
    for (;;) {
      signal?.throwIfAborted()
      const claim = await Claim.make(folder, name, { state: 'claiming', ticket, owner: { ...owner, since } })
      // Not earlier: the process that releases the lock waits until its successors have made their claims.
      before?.close()
      before = undefined
      try {
        const claims = await readOtherClaims(folder, name, claim, ticket, options)
        before = claims?.before
        if (claims !== undefined && before === undefined) {
          claim.change({ state: 'holding', ticket, owner: { ...owner, since: wallClock() } })
          await Promise.all(claims.dead.map((path) => rm(path, { force: true, recursive: true })))
          return { abandoned: claims.dead.length > 0, release: () => claim.release() }
        }
      } catch (error) {
        await claim.withdraw()
        throw error
      }
      await claim.withdraw()
      if (before === undefined) continue
      waiting?.(before.last.owner)
      await before.untilReleased(signal)
    }
  } finally {
    before?.close()
  }
}

/** The claims of other processes. */
interface OtherClaims {
  /** A contender that comes first, connected; `undefined` if this process gets the lock. */
  readonly before: Contender | undefined
  /** The sockets of dead processes. Nobody listens there again, because each claim has another name. */
  readonly dead: readonly string[]
}

/** @returns `undefined` if the own claim was removed, with its folder, and a new one is necessary */
async function readOtherClaims(
  folder: string,
  name: string,
  claim: Claim,
  ticket: Ticket,
  options: LockOptions,
): Promise<OtherClaims | undefined> {
  const handoverEndsAt = now() + handoverMs
  const look = async (): Promise<OtherClaims | 'removed' | undefined> => {
    const names = await readFolder(folder)
    if (!names.includes(claim.name)) return 'removed'
    await Promise.all(names.filter(isLeftUnfinished).map((entry) => rm(join(folder, entry), { force: true })))
    const others = names.filter((entry) => entry.startsWith(`${name}.`) && entry !== claim.name)
    const paths = others.map((other) => join(folder, other))
    const { isLeaving, ...claims } = await readClaims(paths, ticket, handoverEndsAt, options)
    // Processes that have waited longer make their claims while the last holder leaves.
    return claims.before === undefined && isLeaving ? undefined : claims
  }
  const claims = await pollUntil(look, { firstMs: leavingPollMs, maxMs: leavingPollMs, signal: options.signal })
  return claims === 'removed' ? undefined : claims
}

/** @returns the claims at this moment; `isLeaving` if a contender was just releasing the lock, or ending */
async function readClaims(
  paths: readonly string[],
  ticket: Ticket,
  handoverEndsAt: number,
  { signal, waiting }: LockOptions,
): Promise<OtherClaims & { readonly isLeaving: boolean }> {
  const dead: string[] = []
  let isLeaving = false
  for (const path of paths) {
    const stopReporting = reportIfSilent(parseClaimName(basename(path)).pid, waiting)
    try {
      const contender = await Contender.connect(path, signal)
      if (contender === 'dead') dead.push(path)
      else if (contender !== 'gone') {
        if (await contender.comesBefore(ticket, signal)) return { before: contender, dead, isLeaving }
        // The next look finds the socket of a process that has ended dead. One that is stopped while it leaves holds nothing.
        isLeaving ||= contender.closed || now() < handoverEndsAt
        contender.close()
      }
    } finally {
      stopReporting()
    }
  }
  return { before: undefined, dead, isLeaving }
}

async function readFolder(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
}

/** Reports a process that is stopped, or too busy to send its state, as the holder. @returns stops that */
function reportIfSilent(pid: number, waiting: LockOptions['waiting']): () => void {
  const timer = startTimer(() => {
    waiting?.({ pid, command: 'a process that does not answer', since: wallClock() })
  }, noticeAfterMs)
  return () => stopTimer(timer)
}

/** True for the socket of a process that was killed while it made its claim. */
function isLeftUnfinished(entry: string): boolean {
  const { pid, isUnfinished } = parseClaimName(entry)
  if (!isUnfinished) return false
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

/** The name of a lock, with which the names of its claims begin. */
export function lockName(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16)
}

/** The folder of all claims of this user's processes. */
export function claimsFolder(): string {
  // Not the folder in TMPDIR, which may differ between processes.
  return join('/tmp', `vitest-hardware.${process.getuid?.() ?? 'user'}`)
}
