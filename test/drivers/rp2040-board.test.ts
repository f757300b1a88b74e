import { execFileSync, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { Rp2040Board, type Rp2040BoardConfig } from '../../src/drivers/index.ts'
import { Rp2040Kind } from '../../src/drivers/rp2040-board/machine.ts'
import { serveSimulatedBoard } from '../support/simulated-board.ts'

const firmware = new URL('../../examples/boards/firmware/pico.uf2', import.meta.url)
const pins = { input: 'GP25', output: 'GP15' }

describe.each(['real-time', 'maximum'] as const)('an RP2040 board at %s speed', (speed) => {
  let board: Awaited<ReturnType<typeof serveSimulatedBoard>>
  beforeEach(async () => {
    board = await serveSimulatedBoard(new Rp2040Board({ speed }), pins)
    await board.flasher.flash(firmware)
    await board.console.attach()
    await board.power.on()
    await board.console.expect('> ')
  })
  afterEach(() => board[Symbol.asyncDispose]())

  test('talks on its console', async () => {
    const { console } = board
    expect(console.all).toBe('pico-demo 1.0, start 1\r\n> ')
    await console.sendLine('version')
    await console.expect('pico-demo 1.0\r\n> ')
    await console.send('sing, without waiting\rversion\r')
    await console.expect('unknown: sing, without waiting\r\n')
    await console.expect('pico-demo 1.0\r\n> ')
  })

  test('works its pins', async () => {
    const { console, input: led, output: button } = board
    expect(await led.read()).toBe(false)
    await console.sendLine('led on')
    await led.waitForActive()
    await console.sendLine('led off')
    await led.waitForInactive()
    await console.sendLine('button')
    await console.expect('released')
    await button.off()
    await console.sendLine('button')
    await console.expect('pressed')
    await button.on()
    await console.sendLine('button')
    await console.expect('released')
  })

  test('keeps its RAM when the watchdog restarts it, and loses it without power', async () => {
    const { console, power, input: led } = board
    await console.sendLine('led on')
    await led.waitForActive()
    await console.sendLine('reboot')
    await console.expect('start 2\r\n> ')
    expect(await led.read()).toBe(false)
    await console.sendLine('version')
    await console.expect('pico-demo 1.0\r\n> ')
    await power.cycle({ offMs: 0 })
    await console.expect('start 1\r\n> ')
    await power.off({ destroy: true })
    await power.on()
    await board.flasher.flash(firmware)
    await console.expect('start 1\r\n> ')
  })
})

test('an image of the config is there from the start, and can be read back and flashed', async () => {
  const board = new Rp2040Board({ speed: 'maximum', image: fileURLToPath(firmware) })
  await using served = await serveSimulatedBoard(board, pins)
  await served.console.attach()
  await served.power.on()
  await served.console.expect('> ')
  const folder = await mkdtemp(join(tmpdir(), 'rp2040-'))
  try {
    const dump = join(folder, 'dump.uf2')
    await served.flasher.dump(dump)
    expect(await readFile(dump)).toEqual(await readFile(firmware))
    await served.flasher.flash(dump)
    await served.console.expect('start 1\r\n')
  } finally {
    await rm(folder, { recursive: true })
  }
  await expect(served.flasher.flash(Buffer.from('nonsense'))).rejects.toMatchObject({
    code: 'IMAGE_INVALID',
    origin: 'test',
    message: expect.stringContaining('The image has 8 bytes; UF2 has blocks of 512 bytes'),
  })
})

test('an image of the config that is missing is the fault of the lab', async () => {
  await expect(serveSimulatedBoard(new Rp2040Board({ image: 'missing.uf2' }), pins)).rejects.toMatchObject({
    message: expect.stringContaining('Cannot use the image missing.uf2 of the config: ENOENT'),
  })
})

test('what it needs on a machine is there', async () => {
  expect(await Rp2040Board.check()).toEqual([{ name: 'the package rp2040js', isMet: true }])
})

test('a board without a program waits, as in its boot loader', async () => {
  const remarks: string[] = []
  const output = { byte() {}, level() {}, remark: (text: string) => remarks.push(text) }
  const machine = new Rp2040Kind(await import('rp2040js')).powerOn(new Uint8Array(4096).fill(0xff), output)
  expect(machine.run(Infinity, () => false)).toBe(true)
  expect(remarks).toEqual([expect.stringContaining('no program with a second boot stage')])
})

test.each([
  [{ speed: 'fast', image: 3 }, /^speed is "fast".*; image is 3; it has to be a text$/],
  [{ inputs: ['GP1'] }, /^inputs is \["GP1"\]; it has to be a list of pins \(GP2, .*GP29\)$/],
  [
    { inputs: ['GP15'], clock: 8 },
    /clock is an unknown key; .*; connects pin GP15 twice; each is an input or an output, once$/,
  ],
])('the configuration %o is refused', (config, message) => {
  expect(() => new Rp2040Board(config as Rp2040BoardConfig)).toThrow(message)
})

test('the committed firmware is what its source compiles to', async ({ skip }) => {
  if (spawnSync('arm-none-eabi-gcc', ['--version']).error !== undefined) skip('arm-none-eabi-gcc is not installed')
  const folder = await mkdtemp(join(tmpdir(), 'rp2040-'))
  try {
    const built = join(folder, 'pico.uf2')
    execFileSync(process.execPath, ['scripts/build-pico-firmware.ts', built])
    expect(await readFile(built)).toEqual(await readFile(firmware))
  } finally {
    await rm(folder, { recursive: true })
  }
})
