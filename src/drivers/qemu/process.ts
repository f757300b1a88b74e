import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

import { HardwareError } from '../../errors.ts'
import { onLine } from './lines.ts'

/** How long QEMU has to end by itself after SIGTERM, in milliseconds. */
const termMs = 2_000
/** How long the kernel may take to end a process that is killed, in milliseconds. */
const killMs = 2_000
/** How long what has been sent last may take to be read, in milliseconds. */
const lastWordsMs = 1_000
/** How many lines of QEMU's own output an error shows. */
const shownLines = 10

/** The file descriptors of the connections, as QEMU's arguments name them. */
export const descriptors = { serial: 4, qmp: 5, qtest: 6 } as const

/**
 * Becomes QEMU, and leaves a process behind that kills it when descriptor 3 is closed without a word. That is what
 * happens to it when this process is killed, so that no QEMU outlives the one who could switch it off.
 */
const leash =
  '{ read -r word <&3 || kill -KILL $$; } </dev/null >/dev/null 2>&1 4<&- 5<&- 6<&- & exec "$@" 3<&- </dev/null'

/**
 * A running QEMU, with its connections: pairs of sockets that nobody else can reach. It is in a session of its own, so
 * that Ctrl-C in a terminal leaves it to whoever started it.
 */
export class QemuProcess {
  /** The first serial port. */
  readonly serial: Duplex
  /** The machine protocol. */
  readonly qmp: Duplex
  /** The protocol of device tests. */
  readonly qtest: Duplex
  /** Is fulfilled when QEMU has ended and its output has been read. */
  readonly ended: Promise<void>
  readonly #child: ChildProcess
  readonly #program: string
  #lines: string[] = []
  #failure: Error | undefined

  /**
   * @param command the program and its arguments
   * @param print gets each line that QEMU itself prints
   */
  constructor(command: readonly [string, ...string[]], print: (line: string) => void) {
    this.#program = command[0]
    const child = spawn('/bin/sh', ['-c', leash, 'qemu', ...command], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
    })
    this.#child = child
    const [, , , word, serial, qmp, qtest] = child.stdio as unknown as Duplex[]
    this.serial = take(serial)
    this.qmp = take(qmp)
    this.qtest = take(qtest)
    for (const output of [child.stdout, child.stderr]) {
      if (output === null) continue
      onLine(output, (line) => {
        this.#lines = [...this.#lines, line].slice(-shownLines)
        print(line)
      })
    }
    child.on('error', (error) => (this.#failure = error))
    child.once('exit', () => take(word).end('\n'))
    take(word).on('error', () => undefined)
    this.ended = new Promise((resolve) => {
      child.once('error', () => resolve())
      child.once('close', () => resolve())
      // Something that QEMU has started may hold its pipes for ever.
      child.once('exit', () => void delay(lastWordsMs, undefined, { ref: false }).then(() => resolve()))
    })
  }

  /** Whether it ended by itself, and not by a failure. */
  get succeeded(): boolean {
    return this.#child.exitCode === 0
  }

  /** Why it ended, with the last that it printed. */
  explain(): HardwareError {
    const { exitCode, signalCode } = this.#child
    // What sh says of a program that it does not find (POSIX, Shell Command Language 2.8.2).
    if (exitCode === 127) {
      const message = `${this.#program} is not installed`
      return new HardwareError('DEVICE_IO', message, { origin: 'lab' })
    }
    const how = this.#failure?.message ?? (signalCode === null ? `exit code ${exitCode}` : signalCode)
    const lines = this.#lines.map((line) => `\n  | ${line}`).join('')
    return new HardwareError('DEVICE_IO', `${this.#program} ended: ${how}${lines}`, { cause: this.#failure })
  }

  /** Ends it: SIGTERM, and SIGKILL when it is still there after two seconds. */
  async end(): Promise<void> {
    for (const [signal, limitMs] of [
      ['SIGTERM', termMs],
      ['SIGKILL', killMs],
    ] as const) {
      if (await this.waitForEnd(0)) return
      this.#child.kill(signal)
      if (await this.waitForEnd(limitMs)) return
    }
    throw new HardwareError('DEVICE_IO', `${this.#program} (process ${this.#child.pid}) cannot be killed`)
  }

  /** @returns whether it ends within a time, in milliseconds */
  async waitForEnd(limitMs: number): Promise<boolean> {
    const { exitCode, signalCode } = this.#child
    if (exitCode !== null || signalCode !== null || this.#failure !== undefined) {
      await this.ended
      return true
    }
    if (limitMs === 0) return false
    const inTime = await once(this.#child, 'exit', { signal: AbortSignal.timeout(limitMs) }).then(
      () => true,
      () => false,
    )
    if (inTime) await this.ended
    return inTime
  }
}

function take(stream: Duplex | undefined): Duplex {
  if (stream === undefined) throw new TypeError('the process has no such stream')
  return stream
}
