/** The bytes that are kept at once after a pause, and those in a millisecond in the long run. */
const burstBytes = 8 * 1024 * 1024
const bytesPerMs = 1024
/** The bytes that a chunk counts besides its own. */
const chunkBytes = 200

/** Decides how much of a fast stream is kept, so that a recording costs a small part of the time, however fast the streams are. */
export class ByteBudget {
  #left = burstBytes
  #time = 0

  /** @param time in milliseconds. @returns true if a chunk of this size is to be kept */
  takes(size: number, time: number): boolean {
    this.#left = Math.min(burstBytes, this.#left + (time - this.#time) * bytesPerMs)
    this.#time = time
    if (this.#left < size + chunkBytes) return false
    this.#left -= size + chunkBytes
    return true
  }
}
