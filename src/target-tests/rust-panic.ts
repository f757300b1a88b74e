import { FailureReason } from './failure-reason.ts'

/** `panicked at src/main.rs:20:5:`, with the message in the next line (since Rust 1.73). */
const panicLine = /panicked at ([^\s'].*?):(\d+):\d+:?\s*$/
/** `panicked at 'message', src/main.rs:20:5`, as older versions and defmt print it. */
const oldPanicLine = /panicked at '(.*)', (.+?):(\d+):\d+\s*$/

/** Reads the first line of a panic. Its message may follow in other lines. */
export function panicOf(line: string): FailureReason | undefined {
  const [, message = '', oldFile, oldLine] = oldPanicLine.exec(line) ?? []
  if (oldFile !== undefined) return new FailureReason(message, { file: oldFile, line: Number(oldLine) })
  const [, file, place] = panicLine.exec(line) ?? []
  if (file !== undefined) return new FailureReason('', { file, line: Number(place) })
  return line.includes('panicked at ') ? new FailureReason(line) : undefined
}
