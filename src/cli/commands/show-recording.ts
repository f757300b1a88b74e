import { Command, Option } from 'commander'

import type { ShowRecordingArguments } from '../actions/show-recording.ts'
import { withExamples } from '../options.ts'

/** `vitest-hardware recording show`: prints the recording of a test. */
export function showRecordingCommand(): Command {
  const command = new Command('show')
    .description('print what passed between a test and its boards')
    .argument('<file>', 'the attachment hardware.recording of a test')
    .addOption(
      new Option('-o, --output <format>', 'the form of the output (default: lines for people)').choices(['json']),
    )
    .action(async (file: string, options: ShowRecordingArguments) =>
      (await import('../actions/show-recording.ts')).showRecording(file, options),
    )
  return withExamples(command, 'vitest-hardware recording show .vitest/attachments/recording.jsonl')
}
