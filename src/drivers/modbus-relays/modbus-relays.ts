import type { CheckOptions, Requirement } from '../../base/requirement.ts'
import { requireAddress, requireDevice } from '../../driver-kit/requirements.ts'
import { CompositeDriver } from '../../runtime/composite-driver.ts'
import {
  checkModbusRelaysConfig,
  type ModbusChannelConfig,
  type ModbusRelaysConfig,
  modbusRelaysRules,
  parseModbusUrl,
} from './config.ts'
import { ModbusBoard, requireModbus } from './modbus-board.ts'
import { ModbusRelay } from './modbus-relay.ts'

/**
 * A board with relays on Modbus TCP or RTU, with a power for each of its `channels` (needs `npm install modbus-serial`). All
 * channels share one connection, which is opened on first use and comes back by itself.
 *
 * @example
 * ```yaml
 * export:
 *   relays:
 *     type: vitest-hardware/drivers#ModbusRelays
 *     config:
 *       url: tcp://10.0.0.7       # or /dev/ttyUSB0
 *       channels:
 *         dut: { coil: 0 }        # relay 1
 *         fan: { coil: 1, normally_closed: true }
 * ```
 */
export class ModbusRelays<Name extends string = string> extends CompositeDriver<Readonly<Record<Name, ModbusRelay>>> {
  static readonly configRules = modbusRelaysRules
  readonly #board: ModbusBoard

  static async check({ url }: ModbusRelaysConfig, options: CheckOptions): Promise<readonly Requirement[]> {
    const place = parseModbusUrl(url)
    return Promise.all([
      requireModbus(),
      place?.kind === 'tcp' ? requireAddress(place.host, place.port, options) : requireDevice(url),
    ])
  }

  /** @throws TypeError with all mistakes of the config */
  constructor(config: ModbusRelaysConfig<Name>) {
    checkModbusRelaysConfig(config)
    const board = new ModbusBoard(config)
    const channels = Object.entries<ModbusChannelConfig>(config.channels)
    const relays = channels.map(([name, channel]) => [name, new ModbusRelay(board, channel)] as const)
    super(Object.fromEntries(relays) as Record<Name, ModbusRelay>)
    this.#board = board
  }

  override async close() {
    await this.#board.close()
  }
}
