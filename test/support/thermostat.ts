import { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'

import {
  byteStream,
  call,
  defineInterface,
  Driver,
  DriverClient,
  type Implementation,
  streaming,
} from '../../src/index.ts'

const Reading = z.object({ celsius: z.number(), at: z.coerce.date() })

/** Every kind of method, with and without schemas. */
export const Thermostat = defineInterface({
  client: 'example.ThermostatClient',
  methods: {
    setTarget: call({ args: [z.number().min(5).max(30), z.string().optional()] }),
    target: call({ result: z.number() }),
    query: call<(param: string) => string>(),
    asyncQuery: call<(param: string) => string>(),
    fail: call<(kind: string) => void>(),
    readings: streaming({ result: Reading }),
    counter: streaming<(from: number) => number>(),
    console: byteStream(),
    missing: call<() => void>({ wireName: 'not_there' }),
  },
})

/** Deliberately lacks `missing`. */
export class MockThermostat extends Driver implements Omit<Implementation<typeof Thermostat>, 'missing'> {
  static readonly interface = Thermostat
  readonly events: string[] = []
  #target = 20
  unit = 'C'

  override reset() {
    this.events.push('reset')
  }

  override close() {
    this.events.push('close')
  }

  setTarget(celsius: number, unit = 'C') {
    this.#target = celsius
    this.unit = unit
    this.logger.info(`target ${celsius}`)
  }

  target() {
    return this.#target
  }

  query(param: string) {
    return `Response for ${param}`
  }

  async asyncQuery(param: string) {
    await delay(1000)
    return `Async response for ${param}`
  }

  fail(kind: string) {
    if (kind === 'range') throw new RangeError('too hot')
    if (kind === 'timeout') throw new DOMException('the sensor does not answer', 'TimeoutError')
    if (kind === 'system')
      throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' })
    class SensorError extends Error {}
    throw new SensorError('boom ☂')
  }

  async *readings() {
    for (const day of [1, 2, 3]) yield { celsius: 20 + day, at: new Date(`2023-04-0${day}`) }
  }

  *counter(from: number) {
    try {
      for (let n = from; ; n++) yield n
    } finally {
      this.events.push('counter closed')
    }
  }

  console() {
    return new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        this.push(Buffer.from(chunk.toString().toUpperCase()))
        done()
      },
      final(done) {
        this.push(null)
        done()
      },
    })
  }
}

export class ThermostatClient extends DriverClient<typeof Thermostat> {
  query(param: string) {
    return this.call('query', param)
  }
}
