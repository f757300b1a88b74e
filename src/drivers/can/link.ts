import type { Frame, ReceivedFrame } from './frame.ts'

/** Receives what happens on a bus. */
export interface CanEvents {
  frame(frame: ReceivedFrame): void
  /** The connection to the bus has ended. The next call opens it again. */
  lost(error: Error): void
  /** A remark for the log. */
  warn(message: string): void
}

/** The state of a controller on the bus: 1 error active, 2 error passive, 3 bus error. */
export type BusState = 1 | 2 | 3

/** A connection to real hardware of CAN, which comes back by itself. */
export interface CanLink {
  /** Connects, unless it is connected. Frames are received from then on. */
  open(signal: AbortSignal): Promise<void>
  /** Sends a frame. The promise is fulfilled when the hardware has accepted it. */
  send(frame: Frame, signal: AbortSignal): Promise<void>
  state(signal: AbortSignal): Promise<BusState>
  close(): Promise<void>
}
