/**
 * Keeps the process alive when its output cannot be written, because the reader has gone or a disk is full: an error that nobody
 * listens for would end the process, and leave its boards on.
 *
 * @param failed receives the first error of standard output, but for a reader that has gone, as with `| head`
 */
export function surviveClosedOutput(failed: (error: Error) => void = () => undefined): void {
  let isReported = false
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (isReported || error.code === 'EPIPE') return
    isReported = true
    failed(error)
  })
  process.stderr.on('error', () => undefined)
}
