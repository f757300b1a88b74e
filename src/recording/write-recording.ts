import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { isRecord } from '../base/check.ts'
import { thisCopy } from '../base/brand.ts'
import { collectEvents, type LocatedStep } from './collect-events.ts'
import type { Recorder } from './recorder.ts'
import { type RecordedFile, type RecordedTest, type RecordingHeader, recordingVersion } from './recording-event.ts'
import { formatRecording } from './recording-lines.ts'
import { maskJson } from './secret-filter.ts'

/** The length of the text that is written at a time, in UTF-16 code units. */
const batchLength = 256 * 1024

/** Options of {@link writeRecording}. */
export interface WriteRecordingOptions {
  readonly recorder: Recorder
  readonly steps: readonly LocatedStep[]
  readonly test?: RecordedTest | undefined
  /** The names of the exporters, by role. */
  readonly exporters: Readonly<Record<string, string>>
  /** The versions of programs other than this package and Node.js. */
  readonly versions?: Readonly<Record<string, string>>
}

/** Writes all that a recorder knows into a file of the format of docs/recording.md, without secrets. */
export async function writeRecording(path: string, options: WriteRecordingOptions): Promise<void> {
  const { recorder, steps } = options
  const events = collectEvents(recorder, steps)
  const header = await headerOf(options)
  await writeFile(path, inBatches(formatRecording({ header, events })), { mode: 0o600 })
}

async function headerOf({ recorder, test, exporters, versions }: WriteRecordingOptions): Promise<RecordingHeader> {
  const described = Array.from(recorder.recordings, ([role, { exporter }]) => {
    return [role, { name: exporters[role], ...exporter }] as const
  })
  const header = {
    startedAt: new Date(recorder.clock.startedAt).toISOString(),
    versions: { 'vitest-hardware': await ownVersion(), node: process.version, ...versions },
    ...(test === undefined ? {} : { test }),
    exporters: Object.fromEntries(described),
    files: await Promise.all(Array.from(recorder.files, ([file, state]) => describeFile(file, state))),
  }
  const masked = maskJson(header, recorder.secrets) as typeof header
  return { format: 'vitest-hardware recording', version: recordingVersion, ...masked }
}

async function ownVersion(): Promise<string> {
  const facts: unknown = JSON.parse(await readFile(join(thisCopy.place, 'package.json'), 'utf8'))
  return isRecord(facts) ? String(facts['version']) : ''
}

/** Hashes a file, unless it has changed since it was sent. */
async function describeFile(
  path: string,
  { size, mtimeMs }: { readonly size: number; readonly mtimeMs: number },
): Promise<RecordedFile> {
  try {
    const current = await stat(path)
    if (current.size !== size || current.mtimeMs !== mtimeMs) return { path }
    const hash = createHash('sha256')
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
    return { path, size, sha256: hash.digest('hex') }
  } catch {
    // The file was removed.
    return { path }
  }
}

function* inBatches(lines: Iterable<string>): Generator<string> {
  let batch = ''
  for (const line of lines) {
    batch += line
    if (batch.length < batchLength) continue
    yield batch
    batch = ''
  }
  yield batch
}
