import { loadOptionalModule } from '../../base/optional-module.ts'
import type { Requirement } from '../../base/requirement.ts'
import { DeviceConnection } from '../../driver-kit/device-connection.ts'
import { openSocket } from '../../driver-kit/open-socket.ts'
import { requireModule } from '../../driver-kit/requirements.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import { parseModbusUrl, type ModbusRelaysConfig } from './config.ts'

/** Loads the package, on first use. */
const loadModbus = () => loadOptionalModule('modbus-serial', 'ModbusRelays', () => import('modbus-serial'))

/** Checks that the package can be loaded. */
export const requireModbus = (): Promise<Requirement> => requireModule('modbus-serial', loadModbus)

/** The requests that switch a relay. Users need not have the types of the package. */
export interface RelayClient {
  writeCoil(address: number, isOn: boolean): Promise<unknown>
  writeRegister(address: number, value: number): Promise<unknown>
}

/** An open board. */
interface OpenBoard {
  readonly client: RelayClient
  close(): Promise<void> | void
}

/** The answers of a board that say that the config is wrong: illegal function, address or value (Modbus 1.1b3, section 7). */
const mistakesOfConfig = [1, 2, 3]

/** A board with relays, on a network or on a serial line. It answers one request at a time. */
export class ModbusBoard {
  readonly #config: ModbusRelaysConfig
  readonly #connection: DeviceConnection<OpenBoard>

  constructor(config: ModbusRelaysConfig) {
    this.#config = config
    this.#connection = new DeviceConnection({
      name: `unit ${config.unit ?? 1} at ${config.url}`,
      open: (ended, signal) => this.#open(ended, signal),
      close: (board) => board.close(),
      timeoutMs: (config.timeout ?? 2) * 1000,
    })
  }

  /**
   * Writes to the board, and waits for its answer.
   *
   * @param what the name of the relay, for errors
   * @throws HardwareError DEVICE_IO with origin `lab` when the board cannot be reached or does not have the address, with origin
   *   `board` when it fails; CALL_TIMEOUT when it does not answer
   */
  async write(what: string, run: (client: RelayClient) => Promise<unknown>, signal: AbortSignal): Promise<void> {
    // A refusal is a complete answer, after which the connection is as good as before.
    const refusal = await this.#connection.use(
      ({ client }) =>
        run(client).then(
          () => undefined,
          (error: unknown) => (refusalCode(error) === undefined ? Promise.reject(error) : error),
        ),
      { signal },
    )
    if (refusal === undefined) return
    const isMistake = mistakesOfConfig.includes(refusalCode(refusal) ?? 0)
    const message = `Unit ${this.#config.unit ?? 1} at ${this.#config.url} refuses to switch ${what}: ${messageOf(refusal)}`
    throw new HardwareError('DEVICE_IO', message, { cause: refusal, origin: isMistake ? 'lab' : 'board' })
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  async #open(ended: (reason?: unknown) => void, signal: AbortSignal): Promise<OpenBoard> {
    const { default: modbus } = await loadModbus()
    const { url, unit = 1, baudrate, parity, stop_bits: stopBits } = this.#config
    const place = parseModbusUrl(url)
    const client = new modbus.default()
    client.setID(unit ?? 1)
    client.on('error', ended)
    if (place?.kind === 'tcp') {
      // The package does not tell of a socket that ends with an error.
      const socket = await openSocket({ ...place, signal, ended })
      await client.linkTCP(socket, { port: place.port })
      return { client, close: () => void socket.destroy() }
    }
    client.on('close', () => ended())
    const settings = { baudRate: baudrate ?? 9600, parity: parity ?? 'none', stopBits: stopBits ?? 1 }
    await client.connectRTUBuffered(url, settings)
    return { client, close: () => new Promise((resolve) => client.close(resolve)) }
  }
}

/** The number of a refusal; `undefined` for other errors. */
function refusalCode(error: unknown): number | undefined {
  const { modbusCode } = error as { readonly modbusCode?: unknown }
  return typeof modbusCode === 'number' ? modbusCode : undefined
}
