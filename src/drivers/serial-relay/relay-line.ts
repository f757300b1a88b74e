import { on } from 'node:events'
import type { Duplex } from 'node:stream'

import { pause } from '../../base/pause.ts'
import { withTimeLimit } from '../../base/time-limit.ts'
import { HardwareError } from '../../errors.ts'
import { withLine } from '../serial/with-line.ts'
import { readStates, relayCommand } from './relay-protocol.ts'

/** The baud rate of the boards: 9600, as the data sheet of the LCUS boards and Jumpstarter's driver have it. */
const baudRate = 9_600
/** The command that asks for the state of all channels. */
const askState = Uint8Array.of(0xff)
/** The pause between two commands, in milliseconds. The boards acknowledge nothing, and Jumpstarter opens the port anew in between. */
const betweenMs = 20
/** The longest that a board may take to tell its state, in milliseconds; Jumpstarter's driver waits as long. */
const stateTimeoutMs = 2_000
/** The most text of a board that is kept: more than eight channels need. */
const maxText = 1_024

/**
 * Switches channels, one after another. The boards acknowledge nothing: the call ends when the commands have been sent.
 *
 * @param url the line, as in {@link withLine}
 */
export function switchRelays(
  url: string,
  channels: readonly number[],
  isOn: boolean,
  signal: AbortSignal,
): Promise<void> {
  return withLine(
    { url, baudRate },
    async (stream) => {
      for (const [index, channel] of channels.entries()) {
        if (index > 0) await pause(betweenMs, { signal })
        await send(stream, relayCommand(channel, isOn ? 1 : 0))
      }
    },
    signal,
  )
}

/**
 * Asks a board for the state of its channels. It answers with lines of text: `CH1:ON`.
 *
 * @returns true for each channel that is on, in the order of `channels`
 * @throws HardwareError RESULT_INVALID for a board that does not tell, as some with one channel
 */
export function readRelays(url: string, channels: readonly number[], signal: AbortSignal): Promise<boolean[]> {
  return withLine(
    { url, baudRate },
    async (stream) => {
      let text = ''
      const limit = { name: `the state of the relays at ${url}`, timeoutMs: stateTimeoutMs, signal }
      const answer = async () => {
        // From here on, so that no piece of the answer is lost between two reads.
        const pieces = on(stream, 'data', { signal, close: ['end', 'close'] })
        await send(stream, askState)
        for await (const [piece] of pieces) {
          text = `${text}${String(piece)}`.slice(-maxText)
          const states = readStates(text, channels)
          if (states !== undefined) return states
        }
        throw new HardwareError('DEVICE_IO', `The line to the relay board at ${url} was closed`, { origin: 'lab' })
      }
      return withTimeLimit(limit, answer).catch((cause: unknown) => {
        if (!(cause instanceof HardwareError) || cause.code !== 'CALL_TIMEOUT') throw cause
        const got = text === '' ? 'nothing' : JSON.stringify(text)
        const message = `The relay board at ${url} answers ${got} to the question for the state of channel ${channels.join(', ')}`
        throw new HardwareError('RESULT_INVALID', message, { cause })
      })
    },
    signal,
  )
}

function send(stream: Duplex, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(bytes, (error) => (error ? reject(error) : resolve()))
  })
}
