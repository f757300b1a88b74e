/**
 * The reason why a suite of the guest is skipped; undefined inside the guest. It is printed, because Vitest's report only counts
 * skipped tests. With CI set, a run outside of the guest is an error.
 */
export function outsideOfGuest(): string | undefined {
  if (process.env['IN_GUEST'] === '1') return undefined
  const reason = 'this is not the guest: run `npm run test:guest`'
  if (process.env['CI']) throw new Error(reason)
  console.warn(`skipped, because ${reason}`)
  return reason
}
