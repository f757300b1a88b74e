import { startTimer, stopTimer } from '../../base/clock.ts'
/** The pauses between two wake-ups, in milliseconds. */
const pausesMs = [20, 100, 500, 1_000, 2_000, 4_000]

/**
 * Wakes QEMU while its guest may have input to read. QEMU stops watching its end of the serial port while the guest's UART is full,
 * and does not always notice in time that the UART has room again.
 */
export class UartWakeup {
  readonly #wake: () => void
  #timer: NodeJS.Timeout | undefined

  /** @param wake makes QEMU's main loop run once */
  constructor(wake: () => void) {
    this.#wake = wake
  }

  /** Wakes QEMU now, and several times later. Call it after each input. */
  start(): void {
    this.#wake()
    this.#schedule(0)
  }

  stop(): void {
    stopTimer(this.#timer)
  }

  #schedule(index: number): void {
    stopTimer(this.#timer)
    const pauseMs = pausesMs[index]
    if (pauseMs === undefined) return
    this.#timer = startTimer(() => {
      this.#wake()
      this.#schedule(index + 1)
    }, pauseMs).unref()
  }
}
