/** Receives the output of a machine. */
export interface MachineOutput {
  /** Gets a byte that the UART has sent. */
  byte(value: number): void
  /** Gets the level that the board puts on a pin. */
  level(pin: string, high: boolean): void
  /** Gets a remark about the program, for the log. */
  remark(text: string): void
}

/** A powered microcontroller. It is made at each power-on, and dropped with all its state at each power-off. */
export interface Machine {
  /** The time on the machine's clock since it was made, in milliseconds. */
  readonly timeMs: number
  /**
   * Runs until the clock has reached a time.
   *
   * @param untilMs the time on the machine's clock, in milliseconds; `Infinity` for no end
   * @param stop is called every few thousand cycles, and ends the run when it returns true
   * @returns true if the processor sleeps until something comes from outside
   */
  run(untilMs: number, stop: () => boolean): boolean
  /** Puts a level on a pin from outside. */
  drive(pin: string, high: boolean): void
  /** Queues bytes for the UART. They are lost while its receiver is off, as on a wire. */
  send(bytes: Uint8Array, done: () => void): void
  /** Drops the bytes that wait for the UART, at a power-off. */
  dropQueue(): void
}

/** A kind of machine, with the memories that keep their content without power. */
export interface MachineKind {
  /** Makes a machine that has just got its power. */
  powerOn(flash: Uint8Array, output: MachineOutput): Machine
  /** Erases what the board keeps without power beside its program. */
  erase(): void
}
