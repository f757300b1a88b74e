/**
 * Vitest's setup file: a terminal sends Ctrl-C to all processes of a run, and supervisors send them SIGTERM. The run itself,
 * which gets it too, cancels the tests. Without this the workers would be gone before their fixtures had cleaned up. In a
 * thread, which is part of the run's process, it does nothing.
 */
const key = Symbol.for('vitest-hardware.worker')
const worker = globalThis as typeof globalThis & { [key]?: boolean }

if (process.send !== undefined && worker[key] === undefined) {
  worker[key] = true
  process.on('SIGINT', () => undefined)
  // Vitest ends its workers with SIGTERM, too, after it has told them to stop; were that not seen, it would use SIGKILL.
  const letTestsEnd = () => undefined
  process.on('SIGTERM', letTestsEnd).on('SIGHUP', letTestsEnd)
  process.on('message', (message) => {
    if (isStop(message)) process.off('SIGTERM', letTestsEnd)
  })
}

function isStop(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === 'stop'
}
