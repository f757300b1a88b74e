import { Duplex } from 'node:stream'
import { Driver, type Implementation } from 'vitest-hardware'

import { Thermostat } from './interface.ts'

/** A thermostat in a room that takes three readings to warm up. */
export class MockThermostat extends Driver implements Implementation<typeof Thermostat> {
  static readonly interface = Thermostat
  #target = 20
  #celsius = 18

  override reset() {
    this.#target = 20
    this.#celsius = 18
  }

  setTarget(celsius: number) {
    this.#target = celsius
    this.logger.info(`target is ${celsius} °C`)
  }

  async query(param: string) {
    if (param === 'target') return `${this.#target}`
    throw new RangeError(`there is no parameter '${param}'`)
  }

  async *readings() {
    for (let n = 0; n < 3; n++) {
      yield { celsius: this.#celsius, heating: this.#celsius < this.#target }
      this.#celsius += (this.#target - this.#celsius) / 2
    }
  }

  console() {
    const answer = (line: string) => (line === 'version' ? 'thermostat 1.0\n' : `unknown command: ${line}\n`)
    return new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        for (const line of chunk.toString().trim().split('\n')) this.push(answer(line))
        done()
      },
      final(done) {
        this.push(null)
        done()
      },
    })
  }
}
