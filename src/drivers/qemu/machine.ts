import { EventEmitter } from 'node:events'

import { HardwareError } from '../../errors.ts'
import type { Driver } from '../../runtime/driver.ts'
import { QemuProcess } from './process.ts'
import { Qmp } from './qmp.ts'
import { Qtest } from './qtest.ts'
import { Waker } from './waker.ts'

/** How long QEMU has to end by itself when it is told to, in milliseconds; what it has written is on its disks then. */
const quitMs = 3_000
/** How long something may go on when the board is closed, in milliseconds. */
const patienceMs = 5_000
/** How long QEMU has to end when it has closed its connections, in milliseconds. */
const exitMs = 1_000

/** A board that is on. */
export interface RunningMachine {
  readonly process: QemuProcess
  readonly qmp: Qmp
  readonly qtest: Qtest
  readonly waker: Waker
}

interface Events {
  /** What the board sends on its serial port. */
  received: [Buffer]
  /** The board has no power any more. */
  off: []
}

/** What {@link Machine} is made of. */
export interface MachineOptions {
  readonly log: Pick<Driver['logger'], 'info' | 'warning'>
  /** Prepares the board's files, and says how QEMU is started. */
  command(): Promise<[string, ...string[]]>
  /** Is waited for before the processor of a board runs, after it was switched on or brought to another state. */
  prepare(machine: RunningMachine): Promise<void>
}

/** A board: QEMU while it is on, and nothing while it is off. What changes that is done one after another. */
export class Machine extends EventEmitter<Events> {
  readonly #options: MachineOptions
  #running: RunningMachine | undefined
  /** Whether it is switched off by us, and not by itself. */
  #stopping = false
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: MachineOptions) {
    super()
    this.setMaxListeners(0)
    this.#options = options
  }

  /** The board while it is on. */
  get running(): RunningMachine | undefined {
    return this.#running
  }

  /** Whether the board is on; one that is just switching itself off is waited for. */
  async isOn(): Promise<boolean> {
    return this.#running !== undefined && !(await this.#running.process.waitForEnd(0))
  }

  /** @throws HardwareError NOT_READY while the board is off */
  requireRunning(): RunningMachine {
    if (this.#running !== undefined) return this.#running
    throw new HardwareError('NOT_READY', 'The board is off; switch it on first', { origin: 'test' })
  }

  /** Runs something when everything before it has ended, and before anything after it begins. */
  inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#last.then(run)
    this.#last = result.catch(() => undefined)
    return result
  }

  /**
   * Switches it on, when it is off. Call it in turn.
   *
   * @param restore brings the board to a state before its processor runs
   * @throws HardwareError DEVICE_IO with what QEMU says when it does not start
   */
  async start(restore?: (machine: RunningMachine) => Promise<void>): Promise<void> {
    const { log } = this.#options
    const process = new QemuProcess(await this.#options.command(), (line) => log.warning(line))
    const qmp = new Qmp(process.qmp)
    const waker = new Waker(() => void qmp.execute('query-status').catch(() => undefined))
    const machine = { process, qmp, qtest: new Qtest(process.qtest), waker }
    process.serial.on('data', (bytes: Buffer) => this.emit('received', bytes))
    // It breaks when the board loses its power with something on the way.
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

  /** Switches it off; that it is off already is no error. Call it in turn. */
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

  /** Switches it off for good: what is under way is given a little time, and then broken off. */
  async close(): Promise<void> {
    const timer = setTimeout(() => void this.#running?.process.end().catch(() => undefined), patienceMs)
    try {
      await this.inTurn(() => this.stop())
    } finally {
      clearTimeout(timer)
    }
  }

  /**
   * Runs something while the board's time stands still.
   *
   * @param options.prepare whether the board has another state then, for which it has to be prepared again
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
    machine.waker.stop()
    for (const stream of [machine.process.serial, machine.process.qmp, machine.process.qtest]) stream.destroy()
    this.emit('off')
  }
}
