import { Daemon } from './daemon.ts'

/** The address by which socat(1) makes a pseudo terminal that changes no byte. @param link the path that leads to the terminal */
export const rawPty = (link: string): string => `pty,raw,echo=0,link=${link}`

/**
 * Starts socat, which joins two addresses until the test ends it.
 *
 * @param options more options of socat(1)
 */
export function startSocat(first: string, second: string, options: readonly string[] = []): Promise<Daemon> {
  return Daemon.start(['socat', '-d', '-d', ...options, first, second], { ready: /starting data transfer loop/ })
}
