import { pollUntil } from '../../base/poll.ts'

/** The longest that the engine may take to notice the end of a container, in milliseconds. */
const endTimeoutMs = 1_000

/**
 * Reads the state of a container after its program may have ended. The engine notices the end of a container a little later than
 * that of its streams and programs.
 *
 * @param read reads the engine's word for the state; `undefined` if the container is gone
 */
export async function stateAfterEnd(read: () => Promise<string | undefined>): Promise<string | undefined> {
  const first = await read()
  if (first !== 'running') return first
  const look = async () => {
    const now = await read()
    return now === 'running' ? undefined : { now }
  }
  const other = await pollUntil(look, { firstMs: 10, maxMs: 100, timeoutMs: endTimeoutMs })
  return other === undefined ? first : other.now
}
