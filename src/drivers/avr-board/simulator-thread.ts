import { parentPort, workerData } from 'node:worker_threads'

import { cancelTurn, nextTurn, now, startTimer, stopTimer } from '../../base/clock.ts'
import type { FromSimulator, ToSimulator } from './messages.ts'
import { messageOf } from '../../errors.ts'

/** Options of the thread. */
export interface SimulatorData {
  readonly speed: 'real-time' | 'maximum'
}

/** The time that the simulation runs between two looks for messages, in milliseconds. */
const sliceMs = 4
/** The lag from which the simulation gives up lost time instead of running faster, in milliseconds. */
const maxLagMs = 50

if (parentPort !== null) {
  const port = parentPort
  start(port, workerData as SimulatorData).catch((error: unknown) => {
    port.postMessage({ type: 'failed', message: messageOf(error) } satisfies FromSimulator)
  })
}

async function start(port: NonNullable<typeof parentPort>, { speed }: SimulatorData): Promise<void> {
  const avr = await import('avr8js')
  const { clockHz, createEeprom, Machine } = await import('./machine.ts')
  const post = (message: FromSimulator) => port.postMessage(message)

  let flash = new Uint8Array(32 * 1024).fill(0xff)
  let eeprom = createEeprom(avr)
  let machine: InstanceType<typeof Machine> | undefined
  /** The time at which the clock of the machine was 0. */
  let epoch = 0
  let timer: NodeJS.Timeout | NodeJS.Immediate | undefined
  const driven = new Map<string, boolean>()
  let bytes: number[] = []
  let changes: { pin: string; high: boolean }[] = []
  const levels = new Map<string, boolean>()

  const flush = () => {
    // The order of bytes and levels within one slice is lost. Levels are sent first, so that pins are right when an answer arrives.
    if (changes.length > 0) post({ type: 'levels', changes })
    if (bytes.length > 0) post({ type: 'received', bytes: Uint8Array.from(bytes) })
    changes = []
    bytes = []
  }
  const setLevel = (pin: string, high: boolean) => {
    if ((levels.get(pin) ?? false) === high) return
    levels.set(pin, high)
    changes.push({ pin, high })
  }

  const slice = () => {
    if (machine === undefined) return
    const end = now() + sliceMs
    const overdue = () => now() > end
    if (speed === 'maximum') {
      machine.run(Infinity, overdue)
      timer = nextTurn(slice)
    } else {
      const cyclesPerMs = clockHz / 1000
      machine.run((now() - epoch) * cyclesPerMs, overdue)
      const lagMs = now() - epoch - machine.cycles / cyclesPerMs
      if (lagMs > maxLagMs) epoch += lagMs
      timer = startTimer(slice, 1)
    }
    flush()
  }

  const powerOff = () => {
    if (speed === 'maximum') cancelTurn(timer as NodeJS.Immediate)
    else stopTimer(timer as NodeJS.Timeout)
    machine?.dropQueue()
    machine = undefined
    for (const pin of levels.keys()) setLevel(pin, false)
    flush()
  }
  const powerOn = () => {
    machine = new Machine(avr, { flash, eeprom }, { byte: (value) => bytes.push(value), level: setLevel })
    for (const [pin, high] of driven) machine.drive(pin, high)
    epoch = now()
    timer = speed === 'maximum' ? nextTurn(slice) : startTimer(slice, 0)
  }
  const restart = () => {
    if (machine === undefined) return
    powerOff()
    powerOn()
  }

  port.on('message', (message: ToSimulator) => {
    switch (message.type) {
      case 'power':
        if (message.on && machine === undefined) powerOn()
        else if (!message.on) powerOff()
        break
      case 'reset':
        restart()
        break
      case 'program':
        flash = new Uint8Array(message.flash)
        restart()
        break
      case 'eraseEeprom':
        eeprom = createEeprom(avr)
        restart()
        break
      case 'drive':
        driven.set(message.pin, message.high)
        machine?.drive(message.pin, message.high)
        break
      case 'send': {
        const { id } = message
        const done = () => post({ type: 'sent', id })
        if (machine === undefined) done()
        else machine.send(message.bytes, done)
        return
      }
    }
    post({ type: 'done' })
  })
  post({ type: 'ready' })
}
