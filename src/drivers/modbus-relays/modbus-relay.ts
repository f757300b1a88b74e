import { HardwareError } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { Power } from '../../interfaces/power.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import type { ModbusChannelConfig } from './config.ts'
import type { ModbusBoard } from './modbus-board.ts'

/** The power of a device behind one relay of a board. */
export class ModbusRelay extends Driver implements Implementation<typeof Power> {
  static readonly interface = Power
  readonly #board: ModbusBoard
  readonly #channel: ModbusChannelConfig

  constructor(board: ModbusBoard, channel: ModbusChannelConfig) {
    super()
    this.#board = board
    this.#channel = channel
  }

  async on() {
    await this.#set(this.#channel.normally_closed !== true)
  }

  async off() {
    await this.#set(this.#channel.normally_closed === true)
  }

  read(): AsyncGenerator<never> {
    throw new HardwareError('NOT_IMPLEMENTED', 'A relay cannot measure')
  }

  async #set(isClosed: boolean): Promise<void> {
    const { coil, register, closed_value: closed, open_value: open } = this.#channel
    const signal = callSignal()
    if (typeof coil === 'number') {
      await this.#board.write(`coil ${coil}`, (client) => client.writeCoil(coil, isClosed), signal)
    } else if (typeof register === 'number') {
      const value = isClosed ? (closed ?? 1) : (open ?? 0)
      await this.#board.write(`register ${register}`, (client) => client.writeRegister(register, value), signal)
    }
  }
}
