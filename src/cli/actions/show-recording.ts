import { readFile } from 'node:fs/promises'

import { messageOf } from '../../errors.ts'
import { parseRecording, toLine } from '../../recording/recording-lines.ts'
import { showRecording as linesOf } from '../../recording/show-recording.ts'
import { UsageError } from '../usage-error.ts'

/** The options of `vitest-hardware recording show`. */
export interface ShowRecordingArguments {
  readonly output?: 'json'
}

/**
 * Prints a recording for people, or as JSON. A file that was cut is printed up to there, with a warning.
 *
 * @throws HardwareError RECORDING_INVALID for a file that is no recording
 */
export async function showRecording(path: string, { output }: ShowRecordingArguments): Promise<void> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new UsageError([`cannot read the recording: ${messageOf(error)}`])
  })
  const recording = parseRecording(text, path)
  if (output === 'json') {
    const { header, events, isWhole } = recording
    console.log(JSON.stringify({ header, isWhole, events: events.map(toLine) }, null, 2))
  } else for (const line of linesOf(recording)) console.log(line)
  if (!recording.isWhole) console.error(`warning: ${path} was cut: later events are missing`)
}
