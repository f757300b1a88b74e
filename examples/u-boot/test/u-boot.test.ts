import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { expect, needs } from 'vitest-hardware'
import { SerialClient, TftpServerClient, VirtualPowerClient } from 'vitest-hardware/clients'

import { missingPart } from './missing-part.ts'
import { program } from './program.ts'

const test = needs({
  dut: {
    selector: 'board=virt',
    drivers: { board: { power: VirtualPowerClient, console: SerialClient }, tftp: TftpServerClient },
  },
})

const address = 0x4200_0000
const missing = missingPart()

test.beforeEach(async ({ dut, skip }) => {
  skip(missing !== undefined, `this machine lacks ${missing}`)
  await dut.board.power.cycle({ offMs: 0 })
})

test('reaches the prompt', async ({ dut: { board } }) => {
  const uboot = await board.console.shell('uboot')
  expect(await uboot.runOrThrow('version')).toMatch(/^U-Boot \d{4}\.\d\d/)
})

test('keeps its environment until it is started again', async ({ dut: { board } }) => {
  const uboot = await board.console.shell('uboot')
  await uboot.setEnv('greeting', 'it\'s "me"; $HOME')
  expect(await uboot.getEnv('greeting')).toBe('it\'s "me"; $HOME')
  await uboot.boot('reset')
  expect(await uboot.getEnv('greeting')).toBeUndefined()
})

test('reads and writes memory', async ({ dut: { board } }) => {
  const uboot = await board.console.shell('uboot')
  const bytes = Uint8Array.from(randomBytes(64))
  await uboot.writeMemory(address, bytes, { width: 4 })
  expect(await uboot.readMemory(address, bytes.length)).toEqual(bytes)
})

test('loads a file by TFTP, as it is', async ({ dut: { board, tftp } }) => {
  const image = randomBytes(1_000_000)
  await tftp.storage.writeBytes('image', image)
  await tftp.start()
  const uboot = await board.console.shell('uboot')
  await uboot.dhcp()
  expect(await uboot.tftp(address, 'image', { serverIp: await tftp.host() })).toBe(image.length)
  expect(await uboot.crc32(address, image.length)).toBe(crc32(image))
})

test('boots a program that it has loaded', async ({ dut: { board, tftp } }) => {
  await tftp.storage.writeBytes('program', program)
  await tftp.start()
  const uboot = await board.console.shell('uboot')
  await uboot.dhcp()
  await uboot.tftp(address, 'program', { serverIp: await tftp.host() })
  await uboot.boot(`booti 0x${address.toString(16)} - \${fdtcontroladdr}`)
  await expect(board.console).toPrint('hello from the program')
  // The program restarts the board.
  await uboot.enter()
})
