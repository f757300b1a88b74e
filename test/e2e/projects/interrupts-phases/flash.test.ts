import { writeFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from './hardware.ts'

async function* image() {
  for (let n = 0; ; n++) {
    yield Buffer.alloc(65_536)
    if (n === 20) writeFileSync('begun', '')
    await delay(5)
  }
}

test('flashes', { timeout: 60_000 }, async ({ dut }) => {
  await dut.flasher.flash(Readable.from(image()))
  await dut.board.mark('test')
})
