import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { createPrivateFolder } from '../../../src/base/private-folder.ts'
import { rawPty, startSocat } from '../../support/socat.ts'

/** The command that asks for the state of all channels. */
const askState = Buffer.of(0xff)

/** A relay board of the LCUS kind on a pseudo terminal. */
export interface RelayBoard extends AsyncDisposable {
  /** The path of its serial port. */
  readonly path: string
  /** The levels of its channels, from channel 1. A command that was sent just now may still be under way. */
  readonly levels: readonly boolean[]
  /** Reads the levels when the board has done all earlier commands. */
  settledLevels(): Promise<readonly boolean[]>
  /** The bytes that were no command. */
  readonly garbage: number[]
  /** Pulls the board's plug. */
  interrupt(): Promise<void>
  restore(): Promise<void>
}

/**
 * Starts a model of a board, which reads commands of four bytes with a checksum, and answers a byte 255 with the state of all channels.
 *
 * @param options.tellsState false for a board that does not answer
 */
export async function startRelayBoard(
  channels: number,
  { tellsState = true }: { readonly tellsState?: boolean } = {},
): Promise<RelayBoard> {
  const folder = await createPrivateFolder()
  const [path, end] = [join(folder.path, 'port'), join(folder.path, 'board')]
  const levels = Array<boolean>(channels).fill(false)
  const garbage: number[] = []
  let command: number[] = []
  /** @returns the text that the board answers */
  const receive = (byte: number): string => {
    if (command.length === 0 && byte === askState[0]) {
      if (!tellsState) return ''
      return levels.map((isOn, index) => `CH${index + 1}:${isOn ? 'ON' : 'OFF'}\r\n`).join('')
    }
    command.push(byte)
    if (command[0] !== 0xa0) garbage.push(...command.splice(0))
    if (command.length < 4) return ''
    const [start = 0, channel = 0, level = 0, sum] = command
    if (sum === ((start + channel + level) & 0xff) && channel >= 1 && channel <= channels && level <= 1) {
      levels[channel - 1] = level === 1
    } else garbage.push(...command)
    command = []
    return ''
  }
  const socat = await startSocat(rawPty(path), rawPty(end))
  const start = async () => {
    const device = await open(end, 'r+')
    const run = async () => {
      for (;;) {
        const { buffer, bytesRead } = await device.read(Buffer.alloc(64))
        // The end of a terminal that has gone.
        if (bytesRead === 0) return
        for (const byte of buffer.subarray(0, bytesRead)) {
          // In two pieces, as a UART cuts where it likes.
          const answer = receive(byte)
          await device.write(answer.slice(0, 5))
          await device.write(answer.slice(5))
        }
      }
    }
    // It ends when the terminal does.
    const ended = run().catch(() => undefined)
    return { device, ended }
  }
  let running = await start()
  const interrupt = async () => {
    await socat.kill()
    await running.ended
    await running.device.close().catch(() => undefined)
    command = []
    await Promise.all([rm(path, { force: true }), rm(end, { force: true })])
  }
  return {
    path,
    levels,
    async settledLevels() {
      const port = await open(path, 'r+')
      await port.write(askState)
      // To its end: what is left would be the beginning of the next answer.
      const complete = new RegExp(`CH${channels}:\\w+\r\n`)
      for (let text = ''; !complete.test(text);) {
        const { buffer, bytesRead } = await port.read(Buffer.alloc(64))
        text += buffer.toString('latin1', 0, bytesRead)
      }
      await port.close()
      return [...levels]
    },
    garbage,
    interrupt,
    async restore() {
      await socat.restart()
      running = await start()
    },
    async [Symbol.asyncDispose]() {
      await interrupt()
      await folder.remove()
    },
  }
}
