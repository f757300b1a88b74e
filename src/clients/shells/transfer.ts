import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'

import { HardwareError, messageOf } from '../../errors.ts'
import type { Conversation } from '../console/types.ts'
import { CommandError } from './command-error.ts'
import type { Deadline } from './deadline.ts'
import { createMarker } from './marker.ts'
import { quote } from './posix-words.ts'
import type { CommandResult } from './types.ts'

/** The length of a line of a file, in characters of base64. A terminal takes 4095 characters (N_TTY_BUF_SIZE of Linux). */
const lineLength = 3_000
/** The board prints this text when it has taken a line; base64 has no such character. */
const taken = '=#'

/** Runs a command, and a function during the command that returns the output so far. */
type Execute = (command: string, during?: () => Promise<string>) => Promise<CommandResult>

/** The source and the destination of an upload. */
interface Upload {
  readonly source: string | Uint8Array
  readonly path: string
  readonly mode: number | undefined
}

/** Writes a file on the board. */
export async function uploadFile(
  console: Conversation,
  execute: Execute,
  { source, path, mode }: Upload,
  deadline: Deadline,
): Promise<void> {
  const content = await read(source)
  const base64 = Buffer.from(content).toString('base64')
  const part = quote(`${path}.${createMarker().text}`)
  const check = async (command: string, during?: () => Promise<string>) => {
    const result = await execute(command, during)
    if (result.exitCode !== 0) throw new CommandError(console.name, command, result)
    return result.output
  }
  const lines = Array.from({ length: Math.ceil(base64.length / lineLength) }, (_, index) =>
    base64.slice(index * lineLength, (index + 1) * lineLength),
  )
  // The terminal must not echo the lines, and gives a reader one line at a time. A full disk must not end the loop, because the
  // other side waits for its output.
  const receive =
    `(trap '' PIPE; trap 'stty echo' EXIT; trap 'exit 130' INT; stty -echo; n=0; printf '${taken}'; ` +
    `while [ $((n += 1)) -le ${lines.length} ]; do dd bs=4096 count=1 2>/dev/null; printf '${taken}' >&2; done | ` +
    `base64 -d >${part})`
  try {
    await check(`: >${part}`)
    await check(receive, async () => {
      let { before: printed } = await console.expect(taken, deadline.within())
      for (const line of lines) {
        await console.sendLine(line, { signal: deadline.signal })
        printed += (await console.expect(taken, deadline.within())).before
      }
      return printed
    })
    compare(console.name, path, content, await check(`sha256sum <${part}`))
    if (mode !== undefined) await check(`chmod ${mode.toString(8)} -- ${part}`)
    await check(`mv -f -- ${part} ${quote(path)}`)
  } catch (error) {
    if (error instanceof HardwareError && !error.timedOut && !error.cancelled)
      await execute(`rm -f -- ${part}`).catch(() => undefined)
    throw error
  }
}

/** Reads a file of the board. */
export async function downloadFile(consoleName: string, execute: Execute, path: string): Promise<Buffer> {
  const command = `sha256sum <${quote(path)} && base64 <${quote(path)}`
  const result = await execute(command)
  if (result.exitCode !== 0) throw new CommandError(consoleName, command, result)
  const [sum = '', ...lines] = result.output.split('\n')
  const content = Buffer.from(lines.join(''), 'base64')
  compare(consoleName, path, content, sum)
  return content
}

function compare(consoleName: string, path: string, content: Uint8Array, printed: string): void {
  const expected = createHash('sha256').update(content).digest('hex')
  if (printed.trim().startsWith(expected)) return
  const message = `${consoleName}: ${path} was damaged on the console: its SHA-256 there and here differ`
  throw new HardwareError('DEVICE_IO', message, { details: { console: consoleName } })
}

async function read(source: string | Uint8Array): Promise<Uint8Array> {
  if (typeof source !== 'string') return source
  try {
    return await readFile(source)
  } catch (cause) {
    throw new HardwareError('ARGUMENT_INVALID', `Cannot read the file: ${messageOf(cause)}`, { cause })
  }
}
