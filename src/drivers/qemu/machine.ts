import { EventEmitter } from 'node:events'

import { startTimer, stopTimer } from '../../base/clock.ts'
import { Mutex } from '../../base/mutex.ts'
import { HardwareError } from '../../errors.ts'
import type { Driver } from '../../runtime/driver.ts'
import { QemuProcess } from './process.ts'
import { Qmp } from './qmp.ts'
import { Qtest } from './qtest.ts'
import { UartWakeup } from './uart-wakeup.ts'

/** The time that QEMU has to end after `quit`, in milliseconds. QEMU completes its writes to disks in this time. */
const quitMs = 3_000
/** The time that the work in progress has to end when the board is closed, in milliseconds. QEMU is killed after that. */
const killAfterMs = 5_000
/** The time that QEMU has to end after it has closed its connections, in milliseconds. */
const exitMs = 1_000

/** A board that is on. */
export interface RunningMachine {
  readonly process: QemuProcess
  readonly qmp: Qmp
  readonly qtest: Qtest
  readonly uartWakeup: UartWakeup
}

interface Events {
  /** Output of the board's serial port. */
  received: [Buffer]
  /** The board has lost its power. */
  off: []
}

/** Options of {@link Machine}. */
export interface MachineOptions {
  readonly log: Pick<Driver['logger'], 'info' | 'warning'>
  /** Makes the environment of QEMU. */
  environment(): Record<string, string>
  /** Prepares the board's files, and makes the command that starts QEMU. */
  command(): Promise<[string, ...string[]]>
  /** Prepares a board before its processor runs, after a power-on or a change of its state. */
  prepare(machine: RunningMachine): Promise<void>
}

/** A board: QEMU runs while the board is on. Changes of the power run one after another, with {@link Machine.inTurn}. */
export class Machine extends EventEmitter<Events> {
  readonly #options: MachineOptions
  #running: RunningMachine | undefined
  /** True if this class switches the board off, and false if the board does it itself. */
  #stopping = false
  readonly #mutex = new Mutex()

  constructor(options: MachineOptions) {
    super()
    this.setMaxListeners(0)
    this.#options = options
  }

  /** The board while it is on. */
  get running(): RunningMachine | undefined {
    return this.#running
  }

  /** Returns true if the board is on. Waits for a board that is switching itself off. */
  async isOn(): Promise<boolean> {
    return this.#running !== undefined && !(await this.#running.process.waitForEnd(0))
  }

  /** @throws HardwareError NOT_READY while the board is off */
  requireRunning(): RunningMachine {
    if (this.#running !== undefined) return this.#running
    throw new HardwareError('NOT_READY', 'The board is off; switch it on first', { origin: 'test' })
  }

  /** Sends bytes to the board's serial port. They are lost while the board is off. */
  send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (this.#running === undefined) {
        resolve()
        return
      }
      // The write fails when the board loses its power, and the bytes are lost.
      this.#running.process.serial.write(bytes, () => resolve())
      this.#running.uartWakeup.start()
    })
  }

  /** Runs a function after all earlier ones have ended. */
  inTurn<T>(run: () => Promise<T>): Promise<T> {
    return this.#mutex.run(run)
  }

  /**
   * Switches the board on. Call it in turn, and only while the board is off.
   *
   * @param restore brings the board to a state before its processor runs
   * @throws HardwareError DEVICE_IO with QEMU's output when QEMU does not start
   */
  async start(restore?: (machine: RunningMachine) => Promise<void>): Promise<void> {
    const options = this.#options
    const process = await QemuProcess.start(await options.command(), {
      print: (line) => options.log.warning(line),
      env: options.environment(),
    })
    const qmp = new Qmp(process.qmp)
    const uartWakeup = new UartWakeup(() => void qmp.execute('query-status').catch(() => undefined))
    const machine = { process, qmp, qtest: new Qtest(process.qtest), uartWakeup }
    process.serial.on('data', (bytes: Buffer) => this.emit('received', bytes))
    // The stream fails when the board loses its power during a write.
    process.serial.on('error', () => undefined)
    void process.ended.then(() => this.#gone(machine))
    this.#running = machine
    try {
      await qmp.start()
      await restore?.(machine)
      await this.#options.prepare(machine)
      await qmp.execute('cont')
    } catch (error) {
      this.#stopping = true
      const broken = error instanceof HardwareError && error.code === 'DEVICE_IO'
      const why = broken && (await process.waitForEnd(exitMs)) ? process.explain() : error
      await process.end()
      this.#gone(machine)
      throw why
    }
  }

  /** Switches the board off. A board that is off is no error. Call it in turn. */
  async stop(): Promise<void> {
    const machine = this.#running
    if (machine === undefined) return
    this.#stopping = true
    machine.qmp.execute('quit', {}, { timeoutMs: quitMs }).catch(() => undefined)
    if (!(await machine.process.waitForEnd(quitMs))) {
      this.#options.log.warning('QEMU does not end; it is killed')
      await machine.process.end()
    }
    this.#gone(machine)
  }

  /** Switches the board off at the end of the session. Work in progress has {@link killAfterMs} to end. */
  async close(): Promise<void> {
    const timer = startTimer(() => void this.#running?.process.end().catch(() => undefined), killAfterMs)
    try {
      await this.inTurn(() => this.stop())
    } finally {
      stopTimer(timer)
    }
  }

  /**
   * Runs a function while the board's time is stopped.
   *
   * @param options.prepare true if the function changes the state of the board, which has to be prepared again then
   */
  async whileStopped(
    machine: RunningMachine,
    run: () => Promise<void>,
    { prepare }: { readonly prepare: boolean },
  ): Promise<void> {
    const { running } = (await machine.qmp.execute('query-status')) as { running: boolean }
    if (running) await machine.qmp.execute('stop')
    try {
      await run()
      if (prepare) await this.#options.prepare(machine)
    } catch (error) {
      if (running) await machine.qmp.execute('cont').catch(() => undefined)
      throw error
    }
    if (running) await machine.qmp.execute('cont')
  }

  #gone(machine: RunningMachine): void {
    if (this.#running !== machine) return
    this.#running = undefined
    if (!this.#stopping) {
      const { process } = machine
      if (process.succeeded) this.#options.log.info('the board has switched itself off')
      else this.#options.log.warning(process.explain().message)
    }
    this.#stopping = false
    machine.uartWakeup.stop()
    for (const stream of [machine.process.serial, machine.process.qmp, machine.process.qtest]) stream.destroy()
    this.emit('off')
  }
}
