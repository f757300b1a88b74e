/** What the board's drivers tell the thread that simulates it. */
export type ToSimulator =
  | { readonly type: 'power'; readonly on: boolean }
  /** What the reset button does. */
  | { readonly type: 'reset' }
  /** The whole program memory. The board restarts if it is on. */
  | { readonly type: 'program'; readonly flash: Uint8Array }
  /** Forget the EEPROM. */
  | { readonly type: 'eraseEeprom' }
  /** Bytes for the UART, at its baud rate; answered by `sent` when they are through. */
  | { readonly type: 'send'; readonly id: number; readonly bytes: Uint8Array }
  /** The level that a line from outside puts on a pin. */
  | { readonly type: 'drive'; readonly pin: string; readonly high: boolean }

/** What the thread tells the board's drivers. */
export type FromSimulator =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'sent'; readonly id: number }
  /** Bytes from the UART. */
  | { readonly type: 'received'; readonly bytes: Uint8Array }
  /** Changes of the levels that the board puts on its pins, in their order. */
  | { readonly type: 'levels'; readonly changes: readonly { readonly pin: string; readonly high: boolean }[] }
  /** What was asked by the last message has been done. */
  | { readonly type: 'done' }
