import { once } from 'node:events'
import type { Socket } from 'node:net'

import { Driver, type Implementation } from 'vitest-hardware'
import { checkConfig, DeviceConnection, openSocket, rules } from 'vitest-hardware/driver-kit'
import { Power } from 'vitest-hardware/interfaces'
import { callSignal } from 'vitest-hardware/runtime'

/** The config of {@link Psu}. */
export interface PsuConfig {
  readonly host: string
  readonly port: number
}

/** A power supply that takes lines of text over TCP: `ON`, `OFF`, and `MEAS?`, which it answers with volts and amperes. */
export class Psu extends Driver implements Implementation<typeof Power> {
  static readonly interface = Power
  static readonly configRules = { host: rules.text, port: rules.port }
  readonly #supply: DeviceConnection<Socket>

  constructor(config: PsuConfig) {
    super()
    checkConfig(config, Psu.configRules)
    const { host, port } = config
    this.#supply = new DeviceConnection({
      name: `the supply at ${host}:${port}`,
      open: (ended, signal) => openSocket({ host, port, signal, ended }),
      close: (socket) => void socket.destroy(),
    })
  }

  async on(): Promise<void> {
    await this.ask('ON')
  }

  async off(): Promise<void> {
    await this.ask('OFF')
  }

  async *read() {
    for (;;) {
      const [voltage = Number.NaN, current = Number.NaN] = (await this.ask('MEAS?')).split(' ').map(Number)
      yield { voltage, current }
    }
  }

  override close(): Promise<void> {
    return this.#supply.close()
  }

  protected ask(command: string): Promise<string> {
    const talk = async (socket: Socket) => {
      const answer = once(socket, 'data')
      socket.write(`${command}\n`)
      return String((await answer)[0]).trim()
    }
    return this.#supply.use(talk, { signal: callSignal() })
  }
}
