import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { AvrBoard, type AvrBoardConfig } from '../../src/drivers/index.ts'
import { serveSimulatedBoard } from '../support/simulated-board.ts'
import { needsCommand } from '../support/system-part.ts'

const firmware = new URL('../../examples/microcontroller/firmware/firmware.hex', import.meta.url)

const serveBoard = (config?: AvrBoardConfig) =>
  serveSimulatedBoard(new AvrBoard(config), { input: 'D13', output: 'D2' })

describe.each(['real-time', 'maximum'] as const)('an AVR board at %s speed', (speed) => {
  let board: Awaited<ReturnType<typeof serveBoard>>
  beforeEach(async () => {
    board = await serveBoard({ speed })
    await board.flasher.flash(firmware)
    await board.console.attach()
    await board.power.on()
    await board.console.expect('> ')
  })
  afterEach(() => board[Symbol.asyncDispose]())

  test('talks on its console', async () => {
    const { console } = board
    expect(console.all).toBe('demo firmware 1.0, start 1\r\n> ')
    await console.sendLine('sum 40 2')
    await console.expect(/^42\r?$/)
    await console.sendLine('sum -70000 1')
    await console.expect(/^-69999\r?$/)
    await console.sendLine('hello, board')
    await console.expect('echo: hello, board\r\n> ')
    await console.send('first line, sent without waiting\rled read\r')
    await console.expect('echo: first line, sent without waiting')
    await console.expect(/^off/)
  })

  test('works its pins', async () => {
    const { console, input: led, output: button } = board
    expect(await led.read()).toBe(false)
    const edge = led.waitForEdge('rising')
    await console.sendLine('led on')
    await edge
    await led.waitForActive()
    expect(await led.read()).toBe(true)
    await expect(led.waitForInactive({ timeoutMs: 50 })).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
      message: 'gpio.D13.waitForInactive: Pin D13 did not become inactive within 0.05 s',
    })
    await console.sendLine('button read')
    await console.expect('released')
    await button.on()
    expect(await button.read()).toBe(true)
    await console.sendLine('button read')
    await console.expect('pressed')
  })

  test('forgets its RAM without power, keeps program and EEPROM, and loses all when destroyed', async () => {
    const { console, power, input: led } = board
    await console.sendLine('led on')
    await led.waitForActive()
    await power.cycle({ offMs: 0 })
    expect(await led.read()).toBe(false)
    await console.expect('start 2\r\n> ')
    await console.setDtr(true)
    await console.expect('start 3\r\n> ')
    await power.off({ destroy: true })
    await power.on()
    await expect(console.expect('start', { timeoutMs: 200 })).rejects.toMatchObject({ code: 'CONSOLE_TIMEOUT' })
    await board.flasher.flash(firmware)
    await console.expect('start 1\r\n')
  })
})

test('the UART has the baud rate of the firmware', async () => {
  await using board = await serveBoard()
  await board.flasher.flash(firmware)
  await board.power.on()
  await board.console.expect('> ')
  const started = performance.now()
  for (let n = 0; n < 10; n++) {
    await board.console.sendLine('x'.repeat(60))
    await board.console.expect(`echo: ${'x'.repeat(60)}\r\n> `)
  }
  // 10 times 61 bytes in, and 133 out of which 61 overlap, at 11765 bytes a second.
  expect(performance.now() - started).toBeGreaterThan(1000 * ((10 * 133) / 11_765))
})

test('the image can be read back, and what is no image is refused', async () => {
  await using board = await serveBoard()
  await board.flasher.flash(firmware)
  const folder = await mkdtemp(join(tmpdir(), 'avr-'))
  try {
    const dump = join(folder, 'dump.hex')
    await board.flasher.dump(dump)
    await board.flasher.flash(dump)
    const data = (hex: string) =>
      hex
        .split(/\r?\n/)
        .filter((line) => line.startsWith(':') && line.slice(7, 9) === '00')
        .map((line) => line.slice(9, -2))
        .join('')
    expect(data(await readFile(dump, 'utf8')).toUpperCase()).toBe(data(await readFile(firmware, 'utf8')).toUpperCase())
  } finally {
    await rm(folder, { recursive: true })
  }
  await expect(board.flasher.flash(Buffer.from('nonsense'))).rejects.toMatchObject({
    code: 'IMAGE_INVALID',
    message: expect.stringContaining('not Intel HEX'),
  })
  await expect(board.flasher.flash(Buffer.from(':00000001FF\n'))).rejects.toThrow('The image has no data')
  await expect(board.flasher.flash(firmware, { target: 'fuses' })).rejects.toThrow("no target 'fuses'")
  const tooFar = ':020000040001F9\n:0100000000FF\n:00000001FF\n'
  await expect(board.flasher.flash(Buffer.from(tooFar))).rejects.toThrow('the flash ends at 0x8000')
})

test.each([
  [{ speed: 'fast' }, 'speed is "fast"; it has to be real-time or maximum'],
  [{ inputs: ['D99'] }, /^inputs is \["D99"\]; it has to be a list of pins \(D8, .*A0, .*\)$/],
  [{ inputs: ['D0'] }, 'inputs is ["D0"]; it has to be a list of pins'],
  [{ outputs: 'D2', inputs: [3] }, /inputs is \[3\].*; outputs is "D2"/],
  [{ inputs: ['D2'] }, 'connects pin D2 twice'],
  [{ clock: 8 }, 'clock is an unknown key'],
])('the configuration %o is refused', (config, message) => {
  expect(() => new AvrBoard(config as AvrBoardConfig)).toThrow(message)
})

test('the committed firmware is what its source compiles to', async ({ skip }) => {
  needsCommand('avr-gcc', skip)
  const folder = await mkdtemp(join(tmpdir(), 'avr-'))
  try {
    const built = join(folder, 'firmware.hex')
    execFileSync(process.execPath, ['scripts/build-firmware.ts', built])
    expect(await readFile(built, 'utf8')).toBe(await readFile(firmware, 'utf8'))
  } finally {
    await rm(folder, { recursive: true })
  }
})
