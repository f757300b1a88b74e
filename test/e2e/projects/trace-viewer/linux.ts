import { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { Driver, type Implementation } from 'vitest-hardware'
import { Serial } from 'vitest-hardware/interfaces'

const bootLog = `Starting kernel ...
[    0.000000] Linux version 6.12.0
[    1.204113] mmc0: error -110 whilst initialising SD card
[    1.871402] VFS: Cannot open root device "mmcblk0p2"
`
const panic = '[    1.871988] Kernel panic - not syncing: VFS: Unable to mount root fs\n'

/** The console of a board without its SD card. U-Boot tells its version; Linux panics 50 ms after its log has come. */
export class Linux extends Driver implements Implementation<typeof Serial> {
  static readonly interface = Serial

  connect() {
    const stream = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        done()
        if (!String(chunk).startsWith('boot')) {
          stream.push('U-Boot 2024.01\n')
          return
        }
        stream.push(bootLog)
        void delay(50).then(() => stream.push(panic))
      },
    })
    return stream
  }

  setDtr() {}

  setRts() {}

  override close() {}
}
