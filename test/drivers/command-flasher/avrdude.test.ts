import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { beforeEach, expect, test } from 'vitest'

import { createPrivateFolder } from '../../../src/base/private-folder.ts'
import { AvrBoard, type CommandFlasherConfig } from '../../../src/drivers/index.ts'
import { intelHexFormat } from '../../../src/drivers/avr-board/intel-hex.ts'
import { arduinoFirmware, startArduino } from '../../support/loaders/arduino.ts'
import { phasesOf, serveFlasher } from '../../support/loaders/serve-flasher.ts'
import { processesWithArgument } from '../../support/process-by-argument.ts'
import { serveSimulatedBoard } from '../../support/simulated-board.ts'
import { needsCommand } from '../../support/system-part.ts'

beforeEach(({ skip }) => {
  needsCommand('avrdude', skip)
  needsCommand('socat', skip)
})

const serveArduino = async (config?: Partial<CommandFlasherConfig>) => serveFlasher(await startArduino(), config)

test('flashes an Arduino, tells the progress, and does not flash again what is there', async () => {
  await using arduino = await serveArduino()
  expect(phasesOf(await arduino.flash(arduinoFirmware))).toEqual([
    ['upload', arduinoFirmware.length, arduinoFirmware.length],
    ['prepare', 0, undefined],
    ['check', 0, arduinoFirmware.length],
    ['write', 1952, 1952],
    ['verify', 1952, 1952],
    ['finish', 0, undefined],
    ['done', arduinoFirmware.length, arduinoFirmware.length],
  ])
  const { writtenPages } = arduino.loader
  expect(phasesOf(await arduino.flash(arduinoFirmware, { ifDifferent: true })).at(-1)?.[0]).toBe('unchanged')
  expect(arduino.loader.writtenPages).toBe(writtenPages)
  arduino.loader.flash[0x100] = 0
  expect(phasesOf(await arduino.flash(arduinoFirmware, { ifDifferent: true })).at(-1)?.[0]).toBe('done')
  expect(arduino.loader.writtenPages).toBeGreaterThan(writtenPages)
  expect(arduino.board.isOn).toBe(true)
})

test('the firmware that avrdude has written runs, and can be read back', async () => {
  await using arduino = await serveArduino()
  await arduino.flash(arduinoFirmware)
  const image = Buffer.from(await intelHexFormat.read(arduino.loader.flash))
  await using board = await serveSimulatedBoard(new AvrBoard(), { input: 'D13', output: 'D2' })
  await board.flasher.flash(image)
  await board.console.attach()
  await board.power.on()
  await board.console.expect('demo firmware 1.0, start 1')
  const into = new PassThrough()
  const [dump] = await Promise.all([buffer(into), arduino.client.dump(into)])
  const written = await intelHexFormat.write(dump, arduino.loader.flash)
  expect(Buffer.compare(written, arduino.loader.flash)).toBe(0)
  const eeprom = arduino.client.flash(arduinoFirmware, { target: '-v:x' })
  await expect(eeprom).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
})

test('refuses another chip, writes nothing, and leaves the board off', async () => {
  await using arduino = await serveArduino()
  arduino.loader.signature = Buffer.from('1e9307', 'hex')
  await expect(arduino.flash(arduinoFirmware)).rejects.toMatchObject({
    code: 'WRONG_BOARD',
    origin: 'board',
    details: { expected: '1E 95 0F', found: '1e9307' },
    message: expect.stringContaining(
      'avrdude: the signature is that of another chip (expected 1E 95 0F, found 1e9307)',
    ),
  })
  expect(arduino.loader.writtenPages).toBe(0)
  expect(arduino.board.isOn).toBe(false)
  arduino.loader.signature = Buffer.from('1e950f', 'hex')
  await arduino.flash(arduinoFirmware)
})

test('blames the board for a flash that does not keep what is written', async () => {
  await using arduino = await serveArduino()
  arduino.loader.worn = 0x180
  await expect(arduino.flash(arduinoFirmware)).rejects.toMatchObject({ code: 'DEVICE_IO', origin: 'board' })
  expect(arduino.board.isOn).toBe(false)
  arduino.loader.worn = -1
  await arduino.flash(arduinoFirmware)
})

test.each([
  ['no image', Buffer.from('no image'), 'The image is bytes without a format; avrdude takes Intel HEX, S-records, ELF'],
  ['an empty file', Buffer.alloc(0), 'The image is empty'],
  ['an image for another board', Buffer.from('UF2\n'.padEnd(512)), 'The image is UF2'],
  ['an image that is cut off', arduinoFirmware.subarray(0, 450), 'The image is cut off'],
  [
    'an image for a larger chip',
    Buffer.from(':020000040001F9\n:0100000000FF\n:00000001FF\n'),
    'avrdude: it cannot read',
  ],
])('refuses %s', async (_name, image, message) => {
  await using arduino = await serveArduino()
  await expect(arduino.flash(image)).rejects.toMatchObject({
    code: 'IMAGE_INVALID',
    origin: 'test',
    message: expect.stringContaining(message),
  })
  expect(arduino.loader.writtenPages).toBe(0)
})

test('blames the board that does not answer, and the lab for a port that is not there', async () => {
  await using arduino = await serveArduino({ enter: [], args: ['-x', 'attempts=1'] })
  await expect(arduino.flash(arduinoFirmware)).rejects.toMatchObject({ code: 'DEVICE_IO', origin: 'board' })
  await arduino.board.interrupt()
  await expect(arduino.flash(arduinoFirmware)).rejects.toMatchObject({
    code: 'DEVICE_IO',
    origin: 'lab',
    details: { isAway: true },
  })
})

test('ends a tool that hangs, with all its processes, and switches the board off', async () => {
  await using arduino = await serveArduino({ timeout: 4 })
  const tools = () => [...processesWithArgument(arduino.board.path)].filter(([, name]) => name === 'avrdude')
  arduino.loader.beforePage = () => {
    for (const [pid] of tools()) process.kill(pid, 'SIGSTOP')
  }
  await expect(arduino.flash(arduinoFirmware)).rejects.toMatchObject({
    code: 'CALL_TIMEOUT',
    message: expect.stringContaining('the work of avrdude on the board did not end within 4000 ms'),
  })
  expect(tools()).toEqual([])
  expect(arduino.board.isOn).toBe(false)
  arduino.loader.beforePage = () => undefined
  await arduino.flash(arduinoFirmware)
})

test('blames the lab for a tool that is missing, too old, or killed', async () => {
  await using folder = await createPrivateFolderToDispose()
  const program = join(folder.path, 'old-avrdude')
  await writeFile(program, '#!/bin/sh\necho avrdude version 5.11\n')
  await chmod(program, 0o700)
  await using missing = await serveArduino({ program: join(folder.path, 'none') })
  await expect(missing.flash(arduinoFirmware)).rejects.toMatchObject({ code: 'PROGRAM_MISSING', origin: 'lab' })
  await using old = await serveArduino({ program })
  await expect(old.flash(arduinoFirmware)).rejects.toMatchObject({
    code: 'PROGRAM_MISSING',
    message: expect.stringContaining('avrdude has the version 5.11; it has to be 6.3 or later: apt install avrdude'),
  })
  await using killed = await serveArduino()
  killed.loader.beforePage = () => {
    for (const [pid] of processesWithArgument(killed.board.path)) process.kill(pid, 'SIGKILL')
  }
  // socat has the path in an argument that is longer.
  await expect(killed.flash(arduinoFirmware)).rejects.toMatchObject({ code: 'DEVICE_IO', origin: 'lab' })
  expect(killed.board.isOn).toBe(false)
})

async function createPrivateFolderToDispose() {
  const folder = await createPrivateFolder()
  return { ...folder, [Symbol.asyncDispose]: () => folder.remove() }
}
