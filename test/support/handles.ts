import { createHook } from 'node:async_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** The kinds of handles that a process may forget to close. */
const kinds = new Set(['Timeout', 'PIPEWRAP', 'TCPSOCKETWRAP', 'TLSWRAP', 'HTTP2SESSION', 'HTTP2STREAM'])

/**
 * Counts the sockets, timers and HTTP/2 streams of this process that have been made since, and are still there.
 *
 * @returns what gives their number now, by kind; only what cannot be collected counts
 */
export function countHandles(): () => Promise<Readonly<Record<string, number>>> {
  const alive = new Map<number, string>()
  createHook({
    init(id, kind) {
      if (kinds.has(kind)) alive.set(id, kind)
    },
    destroy(id) {
      alive.delete(id)
    },
  }).enable()
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  return async () => {
    for (let n = 0; n < 3; n++) {
      collect()
      await new Promise((resolve) => setImmediate(resolve))
    }
    const counts: Record<string, number> = {}
    for (const kind of alive.values()) counts[kind] = (counts[kind] ?? 0) + 1
    return counts
  }
}
