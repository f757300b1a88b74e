import { SimulatedPower } from '../simulated-power.ts'
import type { QemuBoard } from './board.ts'

/** The power of a board in QEMU. The board's disks keep their content without power. */
export class QemuPower extends SimulatedPower {
  readonly #board: QemuBoard

  constructor(board: QemuBoard) {
    super()
    this.#board = board
  }

  /** @throws HardwareError DEVICE_IO with QEMU's output when QEMU does not start */
  override on() {
    const { machine } = this.#board
    return machine.inTurn(async () => {
      if (await machine.isOn()) this.logger.info('the board is on already')
      else await machine.start()
    })
  }

  /** @param destroy also drop the board's changes to its disks, and its snapshots */
  override off(destroy?: boolean | null) {
    const { machine, disks, snapshots } = this.#board
    return machine.inTurn(async () => {
      await machine.stop()
      if (destroy !== true) return
      await disks.forget()
      await snapshots.forget()
    })
  }
}
