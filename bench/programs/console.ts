/** Waits for what comes at the end of much output, in pieces of 64 bytes, and prints how long that took, in milliseconds. */
import { Duplex } from 'node:stream'

import { Console } from '../../dist/clients/index.js'
import { consolePatterns } from '../console.ts'

const [name = '', megabytes = '1'] = process.argv.slice(2)
const pieceBytes = 64
const piece = Buffer.from('[   12.345678] usb 1-1: new high-speed USB device number 2\r\n'.padStart(pieceBytes, '.'))
const pieces = (Number(megabytes) * 1e6) / pieceBytes

const device = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
const dut = new Console('board', async () => device)
await dut.open()
const found = dut.expect(consolePatterns[name] ?? name, { timeoutMs: 600_000 })
const began = performance.now()
await new Promise<void>((resolve) => {
  let sent = 0
  // As many as a read from a socket of 16 KiB would give, in each turn of the event loop.
  const send = () => {
    for (let count = 0; count < 256 && sent < pieces; count++, sent++) device.push(Buffer.from(piece))
    if (sent < pieces) setImmediate(send)
    else resolve()
  }
  send()
})
device.push('board login: ')
const { start } = await found
if (start.text < pieces * pieceBytes - pieceBytes) throw new Error(`found at ${start.text}, before it was there`)
console.log(performance.now() - began)
await dut[Symbol.asyncDispose]()
