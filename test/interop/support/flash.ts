/** A process that flashes an image through our client: ADDRESS FILE ENCODING. Prints what the driver has got, and its memory. */
import { readFileSync } from 'node:fs'

import { connect, type DriverClient, FlasherClient } from '../../../src/clients/index.ts'
import { contentEncoding, type Encoding } from './images.ts'

const [address = '', file = '', encoding = 'none'] = process.argv.slice(2)
const connection = await connect(address)
const flasher = connection.root.children['hashing']
if (!(flasher instanceof FlasherClient)) throw new Error('no flasher')
await flasher.flash(file, { encoding: contentEncoding(encoding as Encoding) })
const flashed = await (flasher as DriverClient).call('flashed')
const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
console.log(JSON.stringify({ flashed, peakMiB: Number(peak) / 1024 }))
connection.close()
