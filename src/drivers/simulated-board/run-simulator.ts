import { parentPort, workerData } from 'node:worker_threads'

import { cancelTurn, nextTurn, now, startTimer, stopTimer } from '../../base/clock.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import type { Machine, MachineKind } from './machine.ts'
import type { FromSimulator, ToSimulator } from './messages.ts'

/** The speed of a simulated board: that of a real one, or the highest that this machine can reach. */
export type SimulatorSpeed = 'real-time' | 'maximum'

/** The data of the thread of a simulated board. */
export interface SimulatorData {
  readonly speed: SimulatorSpeed
  /** The program memory at the start. */
  readonly flash: Uint8Array
}

/** The time that the simulation runs between two looks for messages, in milliseconds. */
const sliceMs = 4
/** The lag from which the simulation gives up lost time instead of running faster, in milliseconds. */
const maxLagMs = 50
/** The pause before the next look at a machine in real time, or at one that sleeps, in milliseconds. */
const pauseMs = 1
/** The most remarks about a program: a faulty one would fill the log. */
const maxRemarks = 20

/**
 * Simulates a board in a thread: this is the program of the thread.
 *
 * @param load makes the kind of machine; a package that is missing is reported as MODULE_MISSING
 */
export async function runSimulator(load: () => Promise<MachineKind>): Promise<void> {
  if (parentPort === null) return
  const port = parentPort
  const post = (message: FromSimulator) => port.postMessage(message)
  try {
    const thread = new SimulatorThread(await load(), workerData as SimulatorData, post)
    port.on('message', (message: ToSimulator) => thread.receive(message))
    post({ type: 'ready' })
  } catch (error) {
    const code = error instanceof HardwareError ? error.code : 'CALL_FAILED'
    post({ type: 'failed', code, message: messageOf(error) })
  }
}

/** Runs a machine in slices, and carries out messages between them. */
class SimulatorThread {
  readonly #kind: MachineKind
  readonly #speed: SimulatorSpeed
  readonly #post: (message: FromSimulator) => void
  #flash: Uint8Array
  #machine: Machine | undefined
  /** The time at which the clock of the machine was 0. */
  #epoch = 0
  #timer: NodeJS.Timeout | undefined
  #turn: NodeJS.Immediate | undefined
  /** The levels that lines from outside put on pins. They stay when the board loses its power. */
  readonly #driven = new Map<string, boolean>()
  readonly #levels = new Map<string, boolean>()
  readonly #remarks = new Set<string>()
  #bytes: number[] = []
  #changes: { pin: string; high: boolean }[] = []

  constructor(kind: MachineKind, { speed, flash }: SimulatorData, post: (message: FromSimulator) => void) {
    this.#kind = kind
    this.#speed = speed
    this.#flash = flash
    this.#post = post
  }

  receive(message: ToSimulator): void {
    switch (message.type) {
      case 'power':
        if (message.on && this.#machine === undefined) this.#powerOn()
        else if (!message.on) this.#powerOff()
        break
      case 'reset':
        this.#restart()
        break
      case 'program':
        this.#flash = message.flash
        this.#restart()
        break
      case 'erase':
        this.#kind.erase()
        this.#restart()
        break
      case 'drive':
        this.#driven.set(message.pin, message.high)
        this.#machine?.drive(message.pin, message.high)
        break
      case 'send': {
        const { id } = message
        const done = () => this.#post({ type: 'sent', id })
        if (this.#machine === undefined) done()
        else this.#machine.send(message.bytes, done)
        return
      }
    }
    this.#post({ type: 'done' })
  }

  #slice(): void {
    const machine = this.#machine
    if (machine === undefined) return
    const end = now() + sliceMs
    const overdue = () => now() > end
    if (this.#speed === 'maximum') {
      const isAsleep = machine.run(Infinity, overdue)
      if (isAsleep) this.#timer = startTimer(() => this.#slice(), pauseMs)
      else this.#turn = nextTurn(() => this.#slice())
    } else {
      machine.run(now() - this.#epoch, overdue)
      const lagMs = now() - this.#epoch - machine.timeMs
      if (lagMs > maxLagMs) this.#epoch += lagMs
      this.#timer = startTimer(() => this.#slice(), pauseMs)
    }
    this.#flush()
  }

  #powerOn(): void {
    this.#machine = this.#kind.powerOn(this.#flash, {
      byte: (value) => this.#bytes.push(value),
      level: (pin, high) => this.#setLevel(pin, high),
      remark: (text) => this.#remark(text),
    })
    for (const [pin, high] of this.#driven) this.#machine.drive(pin, high)
    this.#epoch = now()
    this.#turn = nextTurn(() => this.#slice())
  }

  #powerOff(): void {
    cancelTurn(this.#turn)
    stopTimer(this.#timer)
    this.#machine?.dropQueue()
    this.#machine = undefined
    for (const pin of this.#levels.keys()) this.#setLevel(pin, false)
    this.#flush()
  }

  #restart(): void {
    if (this.#machine === undefined) return
    this.#powerOff()
    this.#powerOn()
  }

  #setLevel(pin: string, high: boolean): void {
    if ((this.#levels.get(pin) ?? false) === high) return
    this.#levels.set(pin, high)
    this.#changes.push({ pin, high })
  }

  /** Reports each remark once. */
  #remark(text: string): void {
    if (this.#remarks.has(text) || this.#remarks.size === maxRemarks) return
    this.#remarks.add(text)
    this.#post({ type: 'remark', text })
  }

  #flush(): void {
    // The order of bytes and levels within one slice is lost. Levels are sent first, so that pins are right when an answer arrives.
    if (this.#changes.length > 0) this.#post({ type: 'levels', changes: this.#changes })
    if (this.#bytes.length > 0) this.#post({ type: 'received', bytes: Uint8Array.from(this.#bytes) })
    this.#changes = []
    this.#bytes = []
  }
}
