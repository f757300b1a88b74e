import type { ModemLines } from '../../interfaces/serial.ts'
import type { LineSettings } from './line-settings.ts'

/** The control lines that a port can set. */
export interface ControlLines {
  readonly dtr: boolean
  readonly rts: boolean
  /** True while the port sends a break: a level of 0 that is longer than a character. */
  readonly brk: boolean
}

/** The names of the lines. */
export const controlNames = ['brk', 'dtr', 'rts'] as const satisfies readonly (keyof ControlLines)[]

/** Receives the input of an open line. No call comes after `closed`. */
export interface LineEvents {
  data(bytes: Buffer): void
  /** The line has ended, with an error or by the other side. */
  closed(error?: Error): void
}

/** An open connection to a device, used by {@link SharedPort}. */
export interface SerialLine {
  /** Sends bytes. The promise is fulfilled when the line has accepted them. */
  write(bytes: Uint8Array): Promise<void>
  /**
   * Stops and starts the input, if the device can wait. A port without flow control goes on, because a stop would lose input.
   */
  readonly flow: { pause(): void; resume(): void } | undefined
  /** Sets the given control lines; `undefined` if the line has none. */
  readonly set: ((lines: Partial<ControlLines>) => Promise<void>) | undefined
  /** Reads the lines that the other side drives; left out if there are none. */
  readonly modemLines?: (() => Promise<ModemLines>) | undefined
  /**
   * Changes settings of the open port, as far as it can; left out if it can change none.
   *
   * @returns the settings that are in force now
   */
  readonly change?: ((settings: Partial<LineSettings>) => Promise<LineSettings>) | undefined
  close(): Promise<void>
}
