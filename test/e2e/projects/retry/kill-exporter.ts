/** Kills the exporter of a session, which is named by `where()` of the board. */
export function killExporter(session: string): void {
  process.kill(Number(session.split('.')[0]), 'SIGKILL')
}
