/** The first byte of a command. */
const commandStart = 0xa0

/** Makes a command: start, channel, level, and the low byte of their sum. */
export function relayCommand(channel: number, level: number): Uint8Array {
  return Uint8Array.of(commandStart, channel, level, (commandStart + channel + level) & 0xff)
}

/**
 * Reads the state of channels out of the lines that a board sends: `CH1:ON`.
 *
 * @returns undefined as long as a channel is missing
 */
export function readStates(text: string, channels: readonly number[]): boolean[] | undefined {
  const states = channels.map((channel) => stateOf(text, channel))
  return states.every((state) => state !== undefined) ? states : undefined
}

function stateOf(text: string, channel: number): boolean | undefined {
  // The end of the line belongs to it: a line may be cut anywhere.
  const state = new RegExp(String.raw`\bCH${channel}\s*:\s*(?<state>ON|OFF)\s`, 'i').exec(text)?.groups?.['state']
  return state === undefined ? undefined : state.toUpperCase() === 'ON'
}
