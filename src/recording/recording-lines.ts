import { HardwareError, messageOf } from '../errors.ts'
import { isRecord } from '../base/check.ts'
import { type RecordingEvent, type RecordingFile, type RecordingHeader, recordingVersion } from './recording-event.ts'

/** The types of events that this version knows. Those of a later one are passed over. */
const types: ReadonlySet<string> = new Set<RecordingEvent['type']>([
  'call',
  'item',
  'return',
  'open',
  'bytes',
  'skipped',
  'close',
  'console',
  'output',
  'guard',
  'step',
  'stepEnd',
  'log',
  'run',
  'dropped',
])

/** The end of the last line. A file without it was cut. */
const endLine = JSON.stringify({ type: 'end' })

/** Formats a recording as JSON lines: the header, a line for each event, and a line that marks the end. */
export function* formatRecording({ header, events }: RecordingFile): Generator<string> {
  yield `${JSON.stringify(header)}\n`
  for (const event of events) yield `${JSON.stringify(toLine(event))}\n`
  yield `${endLine}\n`
}

/** Converts an event to JSON. Bytes are a text if they are one in UTF-8, else base64. */
export function toLine(event: RecordingEvent): object {
  const { at, type, ...fields } = event
  const rounded = Object.entries(fields).map(([name, value]) => [name, name === 'durationMs' ? round(value) : value])
  const line = { at: round(at), type, ...Object.fromEntries(rounded) }
  if (!('bytes' in fields) || !(fields.bytes instanceof Uint8Array)) return line
  const bytes = Buffer.from(fields.bytes.buffer, fields.bytes.byteOffset, fields.bytes.byteLength)
  const text = bytes.toString()
  const shown = Buffer.from(text).equals(bytes) ? { text } : { base64: bytes.toString('base64') }
  return { ...line, bytes: undefined, ...shown }
}

/** Rounds a time to a microsecond. */
function round(time: unknown): unknown {
  return typeof time === 'number' ? Math.round(time * 1_000) / 1_000 : time
}

/** A recording that was read. */
export interface ReadRecording extends RecordingFile {
  /** False if the file has lost its end. */
  readonly isWhole: boolean
}

/**
 * Reads a recording. The last line of a file that was cut is left out.
 *
 * @param name the name of the file in errors
 * @throws HardwareError RECORDING_INVALID for a file that is no recording, of a later version, or damaged
 */
export function parseRecording(text: string, name: string): ReadRecording {
  const lines = text.split('\n')
  const isWhole = lines.at(-2) === endLine && lines.at(-1) === ''
  // A file that was cut may end in the middle of a line.
  const whole = lines.slice(0, isWhole ? -2 : -1)
  const [first = ''] = lines
  const header = headerOf(first, name)
  return { header, events: whole.slice(1).flatMap((line, index) => parseLine(line, `${name}:${index + 2}`)), isWhole }
}

function headerOf(line: string, name: string): RecordingHeader {
  const header = jsonOf(line)
  if (!isHeader(header)) {
    throw invalid(`${name} is no recording: its first line is not the header of one (docs/recording.md)`)
  }
  if (header.version > recordingVersion) {
    throw invalid(
      `${name} has version ${header.version} of the format, and this vitest-hardware reads ${recordingVersion}: use the one that wrote it, ${header.versions['vitest-hardware'] ?? 'a later one'}`,
    )
  }
  return header
}

function isHeader(value: unknown): value is RecordingHeader {
  return (
    isRecord(value) &&
    value['format'] === 'vitest-hardware recording' &&
    Number.isSafeInteger(value['version']) &&
    typeof value['startedAt'] === 'string' &&
    isRecord(value['versions']) &&
    isRecord(value['exporters']) &&
    Array.isArray(value['files'])
  )
}

function parseLine(line: string, place: string): RecordingEvent[] {
  const value = jsonOf(line)
  if (!isRecord(value) || typeof value['at'] !== 'number' || typeof value['type'] !== 'string') {
    throw invalid(`${place} is no event: each line has a time (at) and a type. The file is damaged`)
  }
  if (!types.has(value['type'])) return []
  if (value['type'] !== 'bytes' && value['type'] !== 'output') return [value as unknown as RecordingEvent]
  const { text, base64, ...fields } = value
  if (typeof text !== 'string' && typeof base64 !== 'string') {
    throw invalid(`${place} has no bytes: an event of type ${value['type']} has text or base64. The file is damaged`)
  }
  const bytes = typeof text === 'string' ? Buffer.from(text) : Buffer.from(String(base64), 'base64')
  return [{ ...fields, bytes } as unknown as RecordingEvent]
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    return messageOf(error)
  }
}

function invalid(message: string): HardwareError {
  return new HardwareError('RECORDING_INVALID', message)
}
