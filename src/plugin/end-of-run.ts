import { constants } from 'node:os'
import type { Vitest } from 'vitest/node'

/** Is told why a run is cancelled. */
export type CancelListener = Parameters<Vitest['onCancel']>[0]

/** What ends a run: Ctrl-C, what supervisors send, and a terminal that is closed. */
const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** How the listener is called with which Vitest leaves at the first signal, before anything is cleaned up. */
const listenerOfVitest = 'onExit'

/**
 * Ends a run that is told to end by a signal as one that ends by itself: its tests are cancelled, fixtures clean up, boards
 * are left safe, and the exit code is 128 and the number of the signal. It has as long as Vitest's `teardownTimeout`; a
 * second signal ends it at once. Then the exporters see that it has gone, and leave the boards safe themselves.
 *
 * Vitest's own listeners are removed; without them, as in a program that runs Vitest and takes care of signals itself,
 * nothing is done. Other listeners stay.
 *
 * @param print tells whoever watches the run
 * @returns what is to be called whenever a run is cancelled
 */
export function endOnSignals(vitest: Vitest, print: (line: string) => void): CancelListener {
  const isOwn = ({ name }: { readonly name: string }) => name === listenerOfVitest
  if (!process.listeners('SIGINT').some(isOwn)) return () => undefined
  /** A key in watch mode cancels, too, in Vitest's own way; a signal after that is the second one. */
  let isCancelled = false
  let isEnding = false
  const listeners = endingSignals.map((signal) => {
    const listener = () => {
      const code = 128 + constants.signals[signal]
      if (isCancelled || isEnding) process.exit(code)
      isEnding = true
      void end(vitest, signal, code, print)
    }
    return { signal, listener }
  })
  for (const { signal, listener } of listeners) {
    for (const own of process.listeners(signal).filter(isOwn)) process.removeListener(signal, own)
    process.on(signal, listener)
  }
  vitest.onClose(() => {
    if (isEnding) return
    for (const { signal, listener } of listeners) process.removeListener(signal, listener)
  })
  return (reason) => {
    isCancelled ||= reason === 'keyboard-input'
  }
}

async function end(vitest: Vitest, signal: string, code: number, print: (line: string) => void): Promise<void> {
  const { teardownTimeout } = vitest.config
  print(`${signal}: tests are cancelled and boards left safe; again to leave at once`)
  setTimeout(() => {
    print(`the tests did not end within ${teardownTimeout} ms after ${signal}; the exporters leave the boards safe`)
    process.exit(code)
  }, teardownTimeout)
  try {
    await vitest.cancelCurrentRun('keyboard-input')
    await vitest.close()
  } catch (error) {
    vitest.logger.error('error while ending the run', error)
  }
  process.exit(code)
}
