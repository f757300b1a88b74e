import { once } from 'node:events'
import { ServerSerial, ServerTCP } from 'modbus-serial'

import { freePort } from '../../support/free-port.ts'

/** The relays of a simulated board with 8 coils and 8 registers, which are written one at a time. */
export class RelayBoard {
  readonly coils = new Map<number, boolean>()
  readonly registers = new Map<number, number>()
  /** The requests that have come: `coil 3 = true`. */
  readonly requests: string[] = []
  /** True if it answers nothing. */
  isMute = false
  /** The code of the exception that answers every request (Modbus 1.1b3, section 7). */
  exception: number | undefined

  /** The functions that modbus-serial's servers call. */
  readonly vector = {
    setCoil: (address: number, isOn: boolean) => this.#write('coil', this.coils, address, isOn),
    setRegister: (address: number, value: number) => this.#write('register', this.registers, address, value),
  }

  async #write<T extends boolean | number>(
    kind: string,
    values: Map<number, T>,
    address: number,
    value: T,
  ): Promise<void> {
    this.requests.push(`${kind} ${address} = ${value}`)
    if (this.isMute) await new Promise(() => undefined)
    const code = this.exception ?? (address < 8 ? undefined : 2)
    if (code !== undefined) throw Object.assign(new Error('refused'), { modbusErrorCode: code })
    values.set(address, value)
  }
}

/** Serves a board by Modbus TCP. */
export async function serveTcp(board: RelayBoard, { port = 0, unit = 1 } = {}) {
  const chosen = port === 0 ? await freePort() : port
  const server = new ServerTCP(board.vector, { host: '127.0.0.1', port: chosen, unitID: unit })
  await once(server, 'initialized')
  return {
    port: chosen,
    /** Breaks all connections, and refuses others. */
    async [Symbol.asyncDispose]() {
      await new Promise<unknown>((resolve) => server.close(resolve))
    },
  }
}

/** Serves a board by Modbus RTU at the end of a serial line. */
export async function serveRtu(board: RelayBoard, path: string, { unit = 1 } = {}) {
  const server = new ServerSerial(board.vector, { path, baudRate: 9600, unitID: unit })
  await once(server, 'initialized')
  return {
    async [Symbol.asyncDispose]() {
      await new Promise<unknown>((resolve) => server.close(resolve))
    },
  }
}
