/**
 * A setup file of the tests, for workers that are processes. A signal that is sent to the whole process group, as a terminal
 * sends Ctrl-C, reaches the run too, which has the fixtures clean up and then ends its workers; until then it must not end
 * them by itself. Vitest tells a worker to stop, after which it listens to no messages, and ends it with SIGTERM.
 *
 * It is loaded once for each test file, and so imports nothing.
 */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // Where somebody listens, the signal ends nothing by itself: the user, or this for an earlier file of the process.
  if (process.send === undefined || process.listenerCount(signal) > 0) continue
  const listener = () => {
    const isNeeded = process.connected && process.listenerCount('message') > 0
    if (isNeeded) return
    process.off(signal, listener)
    process.kill(process.pid, signal)
  }
  process.on(signal, listener)
}
