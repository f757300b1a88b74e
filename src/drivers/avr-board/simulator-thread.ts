import { parentPort, workerData } from 'node:worker_threads'

import type { FromSimulator, ToSimulator } from './messages.ts'
import { messageOf } from '../../errors.ts'

/** What the thread is started with. */
export interface SimulatorData {
  readonly speed: 'real-time' | 'maximum'
}

/** How long the simulation runs before it looks at messages, in milliseconds. */
const sliceMs = 4
/** A simulation that is further behind than this gives the time up, instead of racing to catch up. */
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
  /** When the clock of the machine stood at 0. */
  let epoch = 0
  let timer: NodeJS.Timeout | NodeJS.Immediate | undefined
  const driven = new Map<string, boolean>()
  let bytes: number[] = []
  let changes: { pin: string; high: boolean }[] = []
  const levels = new Map<string, boolean>()

  const flush = () => {
    // Bytes and levels of one slice may have been mixed; whoever waits for an answer looks at pins after it.
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
    const end = performance.now() + sliceMs
    const overdue = () => performance.now() > end
    if (speed === 'maximum') {
      machine.run(Infinity, overdue)
      timer = setImmediate(slice)
    } else {
      const cyclesPerMs = clockHz / 1000
      machine.run((performance.now() - epoch) * cyclesPerMs, overdue)
      const lagMs = performance.now() - epoch - machine.cycles / cyclesPerMs
      if (lagMs > maxLagMs) epoch += lagMs
      timer = setTimeout(slice, 1)
    }
    flush()
  }

  const powerOff = () => {
    if (speed === 'maximum') clearImmediate(timer as NodeJS.Immediate)
    else clearTimeout(timer as NodeJS.Timeout)
    machine?.dropQueue()
    machine = undefined
    for (const pin of levels.keys()) setLevel(pin, false)
    flush()
  }
  const powerOn = () => {
    machine = new Machine(avr, { flash, eeprom }, { byte: (value) => bytes.push(value), level: setLevel })
    for (const [pin, high] of driven) machine.drive(pin, high)
    epoch = performance.now()
    timer = speed === 'maximum' ? setImmediate(slice) : setTimeout(slice, 0)
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
