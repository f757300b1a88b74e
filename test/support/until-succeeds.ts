import { pollUntil } from '../../src/base/poll.ts'

/**
 * Waits until a look succeeds, also outside of tests, where `expect.poll` cannot be used: in hooks, and beside concurrent tests.
 *
 * @param what the name of the wait in the error: `the port of ser2net`
 * @param look fails as long as it is not there
 */
export async function untilSucceeds(what: string, look: () => Promise<unknown>, timeoutMs = 20_000): Promise<void> {
  let reason: unknown
  const found = await pollUntil(
    () =>
      look().then(
        () => true,
        (error: unknown) => {
          reason = error
          return undefined
        },
      ),
    { firstMs: 5, maxMs: 50, timeoutMs },
  )
  if (found === undefined) throw new Error(`${what} was not there within ${timeoutMs} ms`, { cause: reason })
}
