import type { FailureReason } from './failure-reason.ts'

const fileLine = /^\s*(?:file|fileName)\s*:\s*['"]?(.+?)['"]?\s*$/
const numberLine = /^\s*(?:line|lineNumber)\s*:\s*(\d+)\s*$/
/** The keys that say no more than the place and the state of the test. */
const silentLine = /^\s*(?:at|severity)\s*:\s*\w*\s*$/
const messageLine = /^\s*message\s*:\s*(['"]?)(.*?)\1\s*$/
/** `tests/uart.c:12`, or `at tests/uart.t line 12.` */
const placeText = /([\w./\\-]+\.\w+):(\d+)\b|\bat (\S+) line (\d+)\b/

/** Adds a line of the diagnostics of a failed test to its reason: a line of a comment, or of a block of YAML, which is not parsed. */
export function readDiagnostic(line: string, reason: FailureReason): void {
  const [, file] = fileLine.exec(line) ?? []
  const [, number] = numberLine.exec(line) ?? []
  const [, placed, at, other, otherAt] = placeText.exec(line) ?? []
  const [, , message = line] = messageLine.exec(line) ?? []
  if (file !== undefined) reason.place = { file, line: reason.place?.line ?? 1 }
  else if (number !== undefined) reason.place = { file: reason.place?.file ?? '', line: Number(number) }
  else if (!silentLine.test(line)) {
    const [path = other, place = otherAt] = [placed, at]
    if (path !== undefined) reason.place ??= { file: path, line: Number(place) }
    reason.add(message)
  }
}
