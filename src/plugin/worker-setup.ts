/**
 * A setup file of the tests, for workers that are processes. A terminal sends Ctrl-C to the whole process group. The run gets it,
 * too, lets the fixtures clean up, and then ends its workers; until then the signal must not end them. Vitest tells a worker to
 * stop, after which the worker listens to no messages, and ends it with SIGTERM.
 *
 * The file is loaded once for each test file, and imports nothing.
 */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // A listener exists already: the user's, or this one for an earlier file of the process.
  if (process.send === undefined || process.listenerCount(signal) > 0) continue
  const listener = () => {
    const isNeeded = process.connected && process.listenerCount('message') > 0
    if (isNeeded) return
    process.off(signal, listener)
    process.kill(process.pid, signal)
  }
  process.on(signal, listener)
}
