import { EventEmitter } from 'node:events'
import { Worker } from 'node:worker_threads'

import { HardwareError } from '../../errors.ts'
import type { SimulatedPins } from '../simulated-lines.ts'
import type { FromSimulator, ToSimulator } from './messages.ts'
import type { SimulatorData, SimulatorSpeed } from './run-simulator.ts'

interface Events {
  received: [Uint8Array]
  /** The board has changed the level of a pin. */
  level: [pin: string, high: boolean]
  /** The simulator has a remark about the program. */
  remark: [text: string]
}

/** Options of a {@link Simulator}. */
export interface SimulatorOptions {
  /** The module of the thread, which calls `runSimulator()`. */
  readonly thread: URL
  readonly speed: SimulatorSpeed
  /** The size of the flash, in bytes. */
  readonly flashBytes: number
}

/** An erased byte of flash, on all boards. */
export const erased = 0xff

/** A simulated microcontroller. It runs in a separate thread, so that a busy firmware does not delay the exporter. */
export class Simulator extends EventEmitter<Events> implements SimulatedPins {
  readonly #options: SimulatorOptions
  readonly #levels = new Map<string, boolean>()
  readonly #asked: { resolve: () => void; reject: (error: Error) => void }[] = []
  readonly #sending = new Map<number, (error?: Error) => void>()
  #flash: Uint8Array
  #worker: Worker | undefined
  #failure: HardwareError | undefined
  #nextId = 0

  constructor(options: SimulatorOptions) {
    super()
    this.setMaxListeners(0)
    this.#options = options
    this.#flash = this.eraseFlash()
  }

  /**
   * Starts the thread. The board is off.
   *
   * @throws HardwareError MODULE_MISSING when the simulator's package is not installed
   */
  start(): Promise<void> {
    const { thread, speed } = this.#options
    const worker = new Worker(thread, { workerData: { speed, flash: this.#flash } satisfies SimulatorData })
    this.#worker = worker
    return new Promise((resolve, reject) => {
      this.#asked.push({ resolve, reject })
      worker.on('message', (message: FromSimulator) => this.#receive(message))
      worker.on('error', (cause) =>
        this.#fail(new HardwareError('CALL_FAILED', `The simulator stopped: ${cause.message}`, { cause })),
      )
      worker.on('exit', () => this.#fail(new HardwareError('CALL_FAILED', 'The simulator has stopped')))
    })
  }

  /** Ends the thread. */
  async stop(): Promise<void> {
    await this.#worker?.terminate()
  }

  /** The program memory. */
  get flash(): Uint8Array {
    return this.#flash
  }

  /** Makes a program memory without a program. */
  eraseFlash(): Uint8Array {
    return new Uint8Array(this.#options.flashBytes).fill(erased)
  }

  /** Replaces the program memory. A board that is on restarts. */
  async program(flash: Uint8Array): Promise<void> {
    await this.tell({ type: 'program', flash })
    this.#flash = flash
  }

  /** The level that the board puts on a pin; low while the board is off. */
  level(pin: string): boolean {
    return this.#levels.get(pin) ?? false
  }

  /** Puts a level on a pin from outside. */
  drive(pin: string, high: boolean): Promise<void> {
    return this.tell({ type: 'drive', pin, high })
  }

  /** Sends a message to the board, and waits until it has been carried out. */
  tell(message: Exclude<ToSimulator, { type: 'send' }>): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined || this.#worker === undefined) {
        reject(this.#failure ?? new HardwareError('NOT_READY', 'The board has not been started'))
        return
      }
      this.#asked.push({ resolve, reject })
      this.#worker.postMessage(message)
    })
  }

  /** Sends bytes to the UART at the baud rate of the firmware. `done` is called after the last one. */
  send(bytes: Uint8Array, done: (error?: Error) => void): void {
    if (this.#failure !== undefined) {
      done(this.#failure)
      return
    }
    const id = this.#nextId++
    this.#sending.set(id, done)
    this.#worker?.postMessage({ type: 'send', id, bytes } satisfies ToSimulator)
  }

  #receive(message: FromSimulator): void {
    switch (message.type) {
      case 'ready':
      case 'done':
        this.#asked.shift()?.resolve()
        break
      case 'failed':
        this.#fail(new HardwareError(message.code, message.message))
        break
      case 'sent':
        this.#sending.get(message.id)?.()
        this.#sending.delete(message.id)
        break
      case 'received':
        this.emit('received', message.bytes)
        break
      case 'remark':
        this.emit('remark', message.text)
        break
      case 'levels':
        for (const { pin, high } of message.changes) {
          this.#levels.set(pin, high)
          this.emit('level', pin, high)
        }
    }
  }

  #fail(error: HardwareError): void {
    this.#failure ??= error
    for (const { reject } of this.#asked.splice(0)) reject(this.#failure)
    for (const done of this.#sending.values()) done(this.#failure)
    this.#sending.clear()
  }
}
