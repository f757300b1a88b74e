/** Writes bytes as hexadecimal digits: `[1, 0xab]` → `01ab`. */
export function toHex(bytes: Uint8Array | readonly number[]): string {
  return Buffer.from(bytes).toString('hex')
}
