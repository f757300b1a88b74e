import type { ErrorCode } from '../../errors.ts'

/** The messages from the board's drivers to the thread that simulates it. */
export type ToSimulator =
  | { readonly type: 'power'; readonly on: boolean }
  /** Press the reset button. */
  | { readonly type: 'reset' }
  /** The whole program memory. The board restarts if it is on. */
  | { readonly type: 'program'; readonly flash: Uint8Array }
  /** Erase what the board keeps without power beside its program, such as an EEPROM. */
  | { readonly type: 'erase' }
  /** Bytes for the UART, at its baud rate. `sent` is the answer when the last one has been sent. */
  | { readonly type: 'send'; readonly id: number; readonly bytes: Uint8Array }
  /** The level that a line from outside puts on a pin. */
  | { readonly type: 'drive'; readonly pin: string; readonly high: boolean }

/** The messages from the thread to the board's drivers. */
export type FromSimulator =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string }
  | { readonly type: 'sent'; readonly id: number }
  /** Bytes from the UART. */
  | { readonly type: 'received'; readonly bytes: Uint8Array }
  /** Changes of the levels that the board puts on its pins, in their order. */
  | { readonly type: 'levels'; readonly changes: readonly { readonly pin: string; readonly high: boolean }[] }
  /** A remark of the simulator about the program, for the log. */
  | { readonly type: 'remark'; readonly text: string }
  /** The last message has been carried out. */
  | { readonly type: 'done' }
