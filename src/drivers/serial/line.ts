/** The control lines that a port can set. */
export interface ControlLines {
  readonly dtr: boolean
  readonly rts: boolean
}

/** Where an open line's input goes. Nothing comes after `closed`. */
export interface LineEvents {
  data(bytes: Buffer): void
  /** The line is gone: with an error, or because the other side has ended it. */
  closed(error?: Error): void
}

/** An open connection to a device, used by {@link SharedPort}. */
export interface Line {
  /** Sends bytes, and resolves when the line has taken them. */
  write(bytes: Uint8Array): Promise<void>
  /**
   * Stops and starts the input, where the device's side waits meanwhile. A port without that goes on, because stopping
   * it would lose what the device sends.
   */
  readonly flow: { pause(): void; resume(): void } | undefined
  /** Sets control lines; those not given stay as they are. Missing where there are none. */
  readonly set: ((lines: Partial<ControlLines>) => Promise<void>) | undefined
  close(): Promise<void>
}
