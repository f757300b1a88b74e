import { createHash, randomBytes } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { Claim, handoverMs, type LockOwner, parseClaimName, type Ticket } from './machine-lock-claim.ts'
import { Rival } from './machine-lock-rival.ts'

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
  /** Whether one who had it before has died with it, and so may not have cleaned up. */
  readonly abandoned: boolean
  /** Gives it to the one who waits longest. May be called again. */
  readonly release: () => Promise<void>
}

/** How long another one may take to say who it is until it is told that it does not, in milliseconds. */
const answerMs = 1_000
/** How long until the claims are looked at again while one leaves, in milliseconds. */
const lookAgainMs = 2

/**
 * Waits until no other process of this user has what the key stands for. The operating system frees it when the process
 * ends, however it ends: nothing that is left on disk counts, only sockets on which somebody listens.
 *
 * Who wants the lock makes a claim, which is a socket with a name of its own, and then looks at the other claims. As every
 * claim is made before its owner looks, of two at the same time at least one sees the other. One that holds keeps it; of
 * two that do not know yet, the younger one withdraws. What a dead one has left is removed by the next that holds.
 *
 * @throws HardwareError EXPORTER_FAILED when the folder of the claims is not this user's own, or cannot be written to
 */
export async function lockOnMachine(key: string, options: LockOptions): Promise<MachineLock> {
  const { folder = claimsFolder(), owner, waiting, signal } = options
  const name = lockName(key)
  const ticket = { time: String(process.hrtime.bigint()), id: randomBytes(6).toString('hex') }
  const since = Date.now()
  let before: Rival | undefined
  try {
    for (;;) {
      signal?.throwIfAborted()
      const claim = await Claim.make(folder, name, { state: 'claiming', ticket, owner: { ...owner, since } })
      // Only now, so that the one who has released it sees that somebody follows.
      before?.close()
      before = undefined
      try {
        const claims = await lookAround(folder, name, claim, ticket, options)
        before = claims?.before
        if (claims !== undefined && before === undefined) {
          claim.change({ state: 'holding', ticket, owner: { ...owner, since: Date.now() } })
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

/** What there is besides one's own claim. */
interface OtherClaims {
  /** One that comes first, connected; none where one's own can hold. */
  readonly before: Rival | undefined
  /** The sockets of dead ones. Nobody ever listens there again: each claim has a name of its own. */
  readonly dead: readonly string[]
}

/** @returns nothing where one's own claim was removed, with its folder, and has to be made anew */
async function lookAround(
  folder: string,
  name: string,
  claim: Claim,
  ticket: Ticket,
  { signal, waiting }: LockOptions,
): Promise<OtherClaims | undefined> {
  const patience = performance.now() + handoverMs
  for (;;) {
    const names = await readFolder(folder)
    if (!names.includes(claim.name)) return undefined
    await Promise.all(names.filter(isLeftUnfinished).map((entry) => rm(join(folder, entry), { force: true })))
    const dead: string[] = []
    let isLeaving = false
    for (const other of names.filter((entry) => entry.startsWith(`${name}.`) && entry !== claim.name)) {
      const path = join(folder, other)
      const stopTelling = tellOfSilence(parseClaimName(other).pid, waiting)
      try {
        const rival = await Rival.connect(path, signal)
        if (rival === 'dead') dead.push(path)
        else if (rival !== 'gone') {
          if (await rival.comesBefore(ticket, signal)) return { before: rival, dead }
          // One that has died is found dead then. One that is stopped while it leaves holds nothing.
          isLeaving ||= rival.closed || performance.now() < patience
          rival.close()
        }
      } finally {
        stopTelling()
      }
    }
    if (!isLeaving) return { before: undefined, dead }
    // Until then those who have waited longer make their claims.
    await delay(lookAgainMs)
    signal?.throwIfAborted()
  }
}

async function readFolder(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
}

/** Tells of a process that is stopped, or too busy to say who it is. @returns what ends that */
function tellOfSilence(pid: number, waiting: LockOptions['waiting']): () => void {
  const timer = setTimeout(() => {
    waiting?.({ pid, command: 'a process that does not answer', since: Date.now() })
  }, answerMs)
  return () => clearTimeout(timer)
}

/** Whether it is the socket of a process that was killed before it had made its claim. */
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

/** What the claims of a lock are called, before a dot. */
export function lockName(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16)
}

/** Where the claims are of all that this user's processes lock. */
export function claimsFolder(): string {
  // Not where TMPDIR says, which may be another place for each process.
  return join('/tmp', `vitest-hardware.${process.getuid?.() ?? 'user'}`)
}
