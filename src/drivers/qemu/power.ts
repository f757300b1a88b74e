import { HardwareError } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { VirtualPower } from '../../interfaces/virtual-power.ts'
import { Driver } from '../../runtime/driver.ts'
import type { Board } from './board.ts'

/** The board's power. What its disks have outlasts it, unless it shall be destroyed. */
export class QemuPower extends Driver implements Implementation<typeof VirtualPower> {
  static readonly interface = VirtualPower
  readonly #board: Board

  constructor(board: Board) {
    super()
    this.#board = board
  }

  /** @throws HardwareError DEVICE_IO with what QEMU says when it does not start */
  on() {
    const { machine } = this.#board
    return machine.inTurn(async () => {
      if (await machine.isOn()) this.logger.info('the board is on already')
      else await machine.start()
    })
  }

  /** @param destroy also drop what the board has written to its disks, and its snapshots */
  off(destroy?: boolean | null) {
    const { machine, disks, snapshots } = this.#board
    return machine.inTurn(async () => {
      await machine.stop()
      if (destroy !== true) return
      await disks.forget()
      await snapshots.forget()
    })
  }

  // oxlint-disable-next-line require-yield -- there is nothing to measure
  async *read(): AsyncGenerator<never> {
    throw new HardwareError('NOT_IMPLEMENTED', 'A simulated board draws no current')
  }
}
