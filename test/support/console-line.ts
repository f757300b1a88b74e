import { type Duplex, duplexPair } from 'node:stream'

import { Console } from '../../src/clients/index.ts'

/** Makes a console, and the device at the other end of its line. */
export function line(): { readonly console: Console; readonly device: Duplex } {
  const [near, device] = duplexPair()
  return { console: new Console('board.console', async () => near), device }
}

/** Makes a console on which a device has printed some pieces of output. */
export async function printed(...chunks: readonly (string | Uint8Array)[]) {
  const { console, device } = line()
  await console.open()
  for (const chunk of chunks) device.write(chunk)
  return { console, device }
}
