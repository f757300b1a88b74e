import { loadOptionalModule } from '../../../base/optional-module.ts'

/** A frame as the package `socketcan` gives and takes it. A remote frame has as many bytes as it asks for. */
export interface RawFrame {
  readonly id: number
  readonly ext?: boolean
  readonly rtr?: boolean
  /** True for a report of the controller: its kind is in the id, its details are in the data (linux/can/error.h). */
  readonly err?: boolean
  readonly fd_brs?: boolean
  readonly data: Buffer
  /** The time of the arrival by the kernel's clock, in seconds since 1970 and microseconds. */
  readonly ts_sec?: number
  readonly ts_usec?: number
}

/** A raw socket of the package `socketcan`, which has no types for it. */
export interface RawChannel {
  addListener(event: 'onMessage', listener: (frame: RawFrame) => void): void
  addListener(event: 'onStopped', listener: () => void): void
  start(): void
  /** Ends the socket, and calls the listeners of `onStopped`. Fails if it has ended. */
  stop(): void
  /** @returns the number of bytes that the kernel has taken; -1 if it has taken none */
  send(frame: RawFrame): number
  sendFD(frame: RawFrame): number
}

/**
 * Opens a raw socket.
 *
 * @throws HardwareError MODULE_MISSING without the package; Error when the kernel refuses the socket
 */
export async function openRawChannel(name: string): Promise<RawChannel> {
  const library = await loadOptionalModule('socketcan', 'Can with interface: socketcan', () => import('socketcan'))
  // A send that waits would stop this process.
  return library.createRawChannelWithOptions(name, { timestamps: true, non_block_send: true })
}
