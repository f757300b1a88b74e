import { expect, needs } from 'vitest-hardware'
import { FlasherClient, PowerClient, SerialClient, ShellClient } from 'vitest-hardware/clients'
import { Metering } from './meter.ts'

const test = needs({
  dut: {
    selector: 'bench=faulty',
    drivers: {
      line: SerialClient,
      hung: SerialClient,
      loops: SerialClient,
      meter: Metering,
      flasher: FlasherClient,
      tools: ShellClient,
    },
  },
})

test('bug in a driver', async ({ dut }) => {
  await dut.meter.calibrate()
})

test('result of the wrong type', async ({ dut }) => {
  await dut.meter.temperature()
})

test('device that does not answer', async ({ dut }) => {
  await dut.meter.with({ timeoutMs: 200 }).settle()
})

test('too much current', async ({ dut }) => {
  expect(await dut.meter.current()).toBeLessThan(0.5)
})

test('time-out in boot', async ({ dut }) => {
  await dut.hung.expect('login: ', { timeoutMs: 300 })
})

test('watchdog loop', async ({ dut }) => {
  await dut.loops.expect('login: ', { timeoutMs: 400 })
})

test('output that must not come', async ({ dut }) => {
  await expect(dut.loops).not.toPrint('watchdog: reset', { timeoutMs: 4_000 })
})

test('wrong baud rate', async ({ dut }) => {
  await dut.line.send(Uint8Array.from({ length: 64 }, (_, index) => 0x80 + ((index * 37) % 0x7f)))
  await dut.line.expect('login: ', { timeoutMs: 300 })
})

test('wrong board', async ({ dut }) => {
  await dut.flasher.flash('blink.hex')
})

test('file that is no image', async ({ dut }) => {
  await dut.flasher.flash('faulty.yaml')
})

test('file that is not there', async ({ dut }) => {
  await dut.flasher.flash('blinc.hex')
})

test('program that is not installed', async ({ dut }) => {
  await dut.tools.run('probe')
})

test('method that no driver has', async ({ dut }) => {
  await (dut.meter as unknown as PowerClient).cycle()
})

test('sleeps for longer than its limit', { timeout: 300 }, async ({ dut }) => {
  await dut.meter.current()
  await new Promise((resolve) => setTimeout(resolve, 60_000))
})
