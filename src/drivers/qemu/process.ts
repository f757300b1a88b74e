import type { Duplex } from 'node:stream'

import { untilAborted } from '../../base/abort.ts'
import { missingProgram } from '../../base/missing-program.ts'
import { describeEnd, ProcessGroup } from '../../base/process-group.ts'
import { HardwareError } from '../../errors.ts'
import { installQemu } from './install.ts'

/** The time between SIGTERM and SIGKILL for QEMU, in milliseconds. */
const killAfterMs = 2_000
/** The longest that the last output may take to be read, in milliseconds. Programs that QEMU starts may hold it open. */
const drainTimeoutMs = 1_000
/** The number of lines of QEMU's output that an error shows. */
const shownLines = 10

/** The file descriptors of the connections, as QEMU's arguments name them. */
export const descriptors = { serial: 4, qmp: 5, qtest: 6 } as const

/**
 * Becomes QEMU, and leaves a process behind that kills QEMU when descriptor 3 is closed before a line has come. The kernel closes
 * it when this process is killed, so that no QEMU outlives the process that could switch it off.
 */
const killOnParentExit =
  '{ read -r word <&3 || kill -KILL $$; } </dev/null >/dev/null 2>&1 4<&- 5<&- 6<&- & exec "$@" 3<&- </dev/null'

/**
 * A running QEMU, with its connections: pairs of sockets that no other process can reach. It is in a session for itself, so
 * that Ctrl-C in a terminal does not end it.
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
  readonly #group: ProcessGroup
  readonly #program: string
  readonly #lines: readonly string[]

  /**
   * Starts QEMU. Read its connections at once.
   *
   * @param command the program and its arguments
   * @param options.print gets each line that QEMU itself prints
   * @param options.env QEMU's environment
   * @throws HardwareError DEVICE_IO when it cannot be started
   */
  static async start(
    command: readonly [string, ...string[]],
    { print, env }: { readonly print: (line: string) => void; readonly env: Record<string, string> },
  ): Promise<QemuProcess> {
    const lines: string[] = []
    const group = await ProcessGroup.start(['/bin/sh', '-c', killOnParentExit, 'qemu', ...command], {
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
      receiveLine: (line) => {
        lines.push(line)
        if (lines.length > shownLines) lines.shift()
        print(line)
      },
      // The process that watches this one has to stay until QEMU has ended.
      signalGroup: false,
      killAfterMs,
      drainTimeoutMs,
    })
    if (group.pid !== undefined) return new QemuProcess(command[0], group, lines)
    const end = await group.exited
    throw new HardwareError('DEVICE_IO', `${command[0]} ${describeEnd(end)}`, { origin: 'lab' })
  }

  private constructor(program: string, group: ProcessGroup, lines: readonly string[]) {
    this.#program = program
    this.#group = group
    this.#lines = lines
    const [, , , word, serial, qmp, qtest] = group.pipes
    this.serial = take(serial)
    this.qmp = take(qmp)
    this.qtest = take(qtest)
    take(word).on('error', () => undefined)
    this.ended = group.exited.then(() => {
      take(word).end('\n')
      return group.drain()
    })
  }

  /** QEMU has ended by itself, and without a failure. */
  get succeeded(): boolean {
    const end = this.#group.endOfProgram
    return end?.type === 'exited' && end.exitCode === 0
  }

  /** Says why QEMU ended, with the last lines that it printed. */
  explain(): HardwareError {
    const end = this.#group.endOfProgram
    // The exit code of sh for a program that it does not find (POSIX, Shell Command Language 2.8.2).
    if (end?.type === 'exited' && end.exitCode === 127) {
      return missingProgram(this.#program, { install: installQemu(this.#program) })
    }
    const how =
      end?.type === 'exited' ? `exit code ${end.exitCode}` : end?.type === 'signalled' ? end.signal : 'running'
    const lines = this.#lines.map((line) => `\n  | ${line}`).join('')
    return new HardwareError('DEVICE_IO', `${this.#program} ended: ${how}${lines}`)
  }

  /** Ends QEMU: SIGTERM, and SIGKILL when it still runs after two seconds. */
  async end(): Promise<void> {
    await this.#group.end()
    if (this.#group.endOfProgram !== undefined) return this.ended
    throw new HardwareError('DEVICE_IO', `${this.#program} (process ${this.#group.pid}) cannot be killed`)
  }

  /** @returns true if QEMU ends within a time, in milliseconds */
  async waitForEnd(limitMs: number): Promise<boolean> {
    if (this.#group.endOfProgram === undefined && limitMs > 0) {
      await untilAborted(this.#group.exited, AbortSignal.timeout(limitMs)).catch(() => undefined)
    }
    if (this.#group.endOfProgram === undefined) return false
    await this.ended
    return true
  }
}

function take(stream: Duplex | undefined): Duplex {
  if (stream === undefined) throw new TypeError('the process has no such stream')
  return stream
}
