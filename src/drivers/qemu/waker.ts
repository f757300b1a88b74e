/** After how long QEMU is woken again, in milliseconds after the time before. */
const pausesMs = [20, 100, 500, 1_000, 2_000, 4_000]

/**
 * Wakes QEMU while its guest may have input to take. QEMU stops watching its end of the serial port while the guest's UART
 * has no room, and does not always notice that there is room again before something else wakes it.
 */
export class Waker {
  readonly #wake: () => void
  #timer: NodeJS.Timeout | undefined

  /** @param wake makes QEMU's main loop run once */
  constructor(wake: () => void) {
    this.#wake = wake
  }

  /** Something has been sent. */
  start(): void {
    this.#wake()
    this.#schedule(0)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #schedule(index: number): void {
    clearTimeout(this.#timer)
    const pauseMs = pausesMs[index]
    if (pauseMs === undefined) return
    this.#timer = setTimeout(() => {
      this.#wake()
      this.#schedule(index + 1)
    }, pauseMs).unref()
  }
}
