import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { createPrivateFolder } from '../../../src/base/private-folder.ts'
import { rawPty, startSocat } from '../../support/socat.ts'

/**
 * Anything on a model's bus. It receives the frames of the others, as texts without an end. A node that has no room for the frame gives a
 * promise of the time when it has; the sender waits for it, as for the overload frames of a real bus.
 */
export type BusNode = (frame: string) => Promise<void> | undefined

/** A bus that joins models of adapters. */
export class ModelBus {
  readonly nodes = new Set<BusNode>()

  /** Sends a frame from one node to all others. The promise is fulfilled when all have room for the next one. */
  async send(frame: string, from?: BusNode): Promise<void> {
    await Promise.all([...this.nodes].map(async (node) => (node === from ? undefined : node(frame))))
  }
}

/** A model of an adapter with the protocol of Lawicel's CANUSB, on a pseudo terminal. */
export interface SlcanAdapter extends AsyncDisposable {
  /** The path of its serial port. */
  readonly path: string
  /** All commands that have come. */
  readonly commands: string[]
  /** Changes the way it behaves. */
  readonly behaviour: {
    /** False for an adapter that never answers. */
    answers: boolean
    /** Refuses the commands that fit. */
    refuses: RegExp | undefined
    /** Keeps silent about the commands that fit. */
    ignores: RegExp | undefined
    /** The time until it answers, in milliseconds. */
    delayMs: number
    /** The flags that `F` tells. */
    flags: number
    /** The clock, in milliseconds; undefined without time stamps. */
    clockMs: (() => number) | undefined
  }
  /** Pulls it out. */
  interrupt(): Promise<void>
  restore(): Promise<void>
}

/**
 * The most texts that wait in an adapter for its serial line. A model without a limit let thousands of frames wait, and the answer to a
 * command came behind them.
 */
const maxWaiting = 32

/** The commands and the state in which each is allowed (manual of CANUSB). */
const commands = [
  { pattern: /^S[0-8]$|^Y[25]$|^Z[01]$/, whenOpen: false },
  { pattern: /^[OL]$/, whenOpen: false },
  { pattern: /^C$/, whenOpen: true },
  { pattern: /^[trTR]|^[dDbB]/, whenOpen: true },
  { pattern: /^[VN]$/, whenOpen: undefined },
  { pattern: /^F$/, whenOpen: true },
] as const

/** Starts a model of an adapter. Its output is cut into small pieces, as USB does. */
export async function startSlcanAdapter(bus: ModelBus): Promise<SlcanAdapter> {
  const folder = await createPrivateFolder()
  const [path, end] = [join(folder.path, 'port'), join(folder.path, 'adapter')]
  const behaviour: SlcanAdapter['behaviour'] = {
    answers: true,
    refuses: undefined,
    ignores: undefined,
    delayMs: 0,
    flags: 0,
    clockMs: undefined,
  }
  const got: string[] = []
  const socat = await startSocat(rawPty(path), rawPty(end))

  const start = async () => {
    const device = await open(end, 'r+')
    let mode: 'closed' | 'open' | 'listening' = 'closed'
    const output: Promise<void>[] = []
    let writing = Promise.resolve()
    /** The promise is fulfilled when there is room for the next text. */
    const write = (text: string): Promise<void> | undefined => {
      writing = writing
        .then(async () => {
          const cut = Math.floor(text.length / 2)
          await device.write(text.slice(0, cut))
          await device.write(text.slice(cut))
        })
        .catch(() => undefined)
      output.push(writing)
      return output.length > maxWaiting ? output.shift() : undefined
    }
    const node: BusNode = (frame) => {
      const stamp = behaviour.clockMs?.()
      return write(
        `${frame}${stamp === undefined ? '' : (stamp % 60_000).toString(16).toUpperCase().padStart(4, '0')}\r`,
      )
    }
    const isAllowed = (command: string) => {
      const known = commands.find(({ pattern }) => pattern.test(command))
      if (known === undefined || behaviour.refuses?.test(command) === true) return false
      if (/^[trdb]/i.test(command) && mode === 'listening') return false
      return known.whenOpen === undefined || known.whenOpen === (mode !== 'closed')
    }
    /** @returns the answer */
    const execute = async (command: string): Promise<string> => {
      got.push(command)
      if (!isAllowed(command)) return '\x07'
      switch (command.charAt(0)) {
        case 'O':
        case 'L':
          mode = command === 'O' ? 'open' : 'listening'
          bus.nodes.add(node)
          return '\r'
        case 'C':
          mode = 'closed'
          bus.nodes.delete(node)
          return '\r'
        case 'F':
          return `F${behaviour.flags.toString(16).toUpperCase().padStart(2, '0')}\r`
        case 'V':
          return 'V1013\r'
        case 'N':
          return 'NA123\r'
        case 'S':
        case 'Y':
        case 'Z':
          return '\r'
        default:
          await bus.send(command, node)
          return /^[TRDB]/.test(command) ? 'Z\r' : 'z\r'
      }
    }
    const run = async () => {
      let rest = ''
      for (;;) {
        const { buffer, bytesRead } = await device.read(Buffer.alloc(4096))
        // The end of a terminal that has gone.
        if (bytesRead === 0) return
        const lines = `${rest}${buffer.toString('latin1', 0, bytesRead)}`.split('\r')
        rest = lines.pop() ?? ''
        for (const line of lines) {
          const answer = await execute(line)
          if (behaviour.delayMs > 0) await delay(behaviour.delayMs)
          if (behaviour.answers && behaviour.ignores?.test(line) !== true) await write(answer)
        }
      }
    }
    const ended = run().catch(() => undefined)
    return {
      async stop() {
        await ended
        bus.nodes.delete(node)
        await device.close().catch(() => undefined)
      },
    }
  }
  let running = await start()
  const interrupt = async () => {
    await socat.kill()
    await running.stop()
    await Promise.all([rm(path, { force: true }), rm(end, { force: true })])
  }
  return {
    path,
    commands: got,
    behaviour,
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
