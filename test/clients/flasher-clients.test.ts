import { buffer } from 'node:stream/consumers'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect, test } from 'vitest'

import {
  type ClientClass,
  FlasherClient,
  type FlashOptions,
  type FlashProgress,
  StorageMuxFlasherClient,
} from '../../src/clients/index.ts'
import { Esp32FlasherClient } from '../../src/clients/drivers/esp32-flasher-client.ts'
import { PiPicoFlasherClient } from '../../src/clients/drivers/pi-pico-flasher-client.ts'
import { ProbeRsClient } from '../../src/clients/drivers/probe-rs-client.ts'
import { QemuFlasherClient } from '../../src/clients/drivers/qemu-flasher-client.ts'
import { StlinkFlasherClient } from '../../src/clients/drivers/stlink-flasher-client.ts'
import { MockFlasher, MockStorageMuxFlasher } from '../../src/drivers/index.ts'
import { Driver, HardwareError, type Implementation, type ResourceHandle, serve } from '../../src/index.ts'
import {
  Esp32Flasher,
  PiPicoFlasher,
  ProbeRs,
  ProgressFlasher,
  QemuFlasher,
  type ShellOutput,
  StlinkFlasher,
} from '../../src/interfaces/index.ts'

/** A device that keeps its image, and writes down its calls. */
abstract class Chip extends Driver {
  readonly calls: unknown[] = []
  image = Buffer.alloc(0)

  async flash(source: ResourceHandle, target?: string | null) {
    this.image = await buffer(await this.resource(source))
    this.calls.push(target)
  }
  async dump(target: ResourceHandle, partition?: string | null) {
    this.calls.push(partition)
    await pipeline(Readable.from([this.image]), await this.resource(target))
  }
}

class Esp extends Chip implements Implementation<typeof Esp32Flasher> {
  static readonly interface = Esp32Flasher
  getChipInfo() {
    return { chip: 'ESP32-C3', mac: '00:11:22:33:44:55' }
  }
  erase() {
    this.calls.push('erase')
  }
  hardReset() {
    this.calls.push('hardReset')
  }
  enterBootloader() {
    this.calls.push('enterBootloader')
  }
}

test('Esp32FlasherClient flashes at an address, dumps, and has the methods of the chip', async () => {
  const chip = new Esp()
  await using flasher = await serve(chip, { client: Esp32FlasherClient })
  await flasher.enterBootloader()
  await flasher.erase()
  await flasher.flash(Buffer.from('firmware'), { target: '0x10000' })
  const into = new PassThrough()
  const [dumped] = await Promise.all([buffer(into), flasher.dump(into, { target: '0x9000:0x6000' })])
  expect(dumped.toString()).toBe('firmware')
  await flasher.hardReset()
  expect(chip.calls).toEqual(['enterBootloader', 'erase', '0x10000', '0x9000:0x6000', 'hardReset'])
  expect(await flasher.chipInfo()).toEqual({ chip: 'ESP32-C3', mac: '00:11:22:33:44:55' })
})

/** Flashes an image of 200 000 bytes, and notes the progress. */
async function progressOf(flasher: Pick<FlasherClient, 'flash'>, options: FlashOptions = {}) {
  const told: FlashProgress[] = []
  await flasher.flash(Buffer.alloc(200_000), { ...options, onProgress: (progress) => told.push(progress) })
  for (const { rate } of told) expect(rate).toBeGreaterThanOrEqual(0)
  return told.map(({ phase, bytes, total }) => ({ phase, bytes, total }))
}

test.each([
  ['Esp32FlasherClient', Esp32FlasherClient, () => new Esp()],
  ['PiPicoFlasherClient', PiPicoFlasherClient, () => new Pico()],
  ['StlinkFlasherClient', StlinkFlasherClient, () => new Stlink()],
  ['QemuFlasherClient', QemuFlasherClient, () => new Disk()],
  ['FlasherClient', FlasherClient, () => new MockFlasher()],
  ['StorageMuxFlasherClient', StorageMuxFlasherClient, () => new MockStorageMuxFlasher()],
] as const)('%s tells the bytes that are sent to a driver without progress, and its phases', async (...row) => {
  const [, Client, create] = row
  await using flasher = await serve(create(), { client: Client as ClientClass<FlasherClient> })
  const told = await progressOf(flasher)
  const uploads = told.filter(({ phase }) => phase === 'upload')
  expect(uploads[0]).toEqual({ phase: 'upload', bytes: 0, total: 200_000 })
  expect(uploads.at(-1)).toEqual({ phase: 'upload', bytes: 200_000, total: 200_000 })
  expect(uploads.length).toBeGreaterThan(2)
  expect(told.slice(uploads.length)).toEqual([
    { phase: 'write', bytes: 0, total: 200_000 },
    { phase: 'done', bytes: 200_000, total: 200_000 },
  ])
})

/** A flasher that tells its progress, and has an image of zeros from the first flash on. */
class Telling extends Chip implements Implementation<typeof ProgressFlasher> {
  static readonly interface = ProgressFlasher
  fails = false
  async *flashWithProgress(source: ResourceHandle, target?: string | null, ifDifferent?: boolean | null) {
    this.calls.push([target, ifDifferent])
    const image = await buffer(await this.resource(source))
    if (this.fails) throw new HardwareError('DEVICE_IO', 'the loader does not answer')
    yield { phase: 'compare', bytes: image.length, total: image.length } as const
    if (image.equals(this.image)) {
      yield { phase: 'unchanged', bytes: image.length, total: image.length } as const
      return
    }
    this.image = image
    for (const bytes of [0, 100_000, 200_000]) yield { phase: 'write', bytes, total: 200_000 } as const
    yield { phase: 'done', bytes: image.length, total: null } as const
  }
}

test('FlasherClient tells the progress of a driver that has it, and flashes only what is not there', async () => {
  const chip = new Telling()
  await using flasher = await serve(chip, { client: FlasherClient })
  const told = await progressOf(flasher, { target: 'flash' })
  expect(told.filter(({ phase }) => phase !== 'upload')).toEqual([
    { phase: 'compare', bytes: 200_000, total: 200_000 },
    ...[0, 100_000, 200_000].map((bytes) => ({ phase: 'write', bytes, total: 200_000 })),
    { phase: 'done', bytes: 200_000, total: undefined },
  ])
  expect((await progressOf(flasher, { ifDifferent: true })).at(-1)).toMatchObject({ phase: 'unchanged' })
  await flasher.flash(Buffer.from('other'), { ifDifferent: true })
  expect(chip.image.toString()).toBe('other')
  expect(chip.calls).toEqual([
    ['flash', false],
    [null, true],
    [null, true],
  ])
})

test('FlasherClient ends the flash at an error of onProgress, and of the driver', async () => {
  const chip = new Telling()
  await using flasher = await serve(chip, { client: FlasherClient })
  const fail = ({ phase }: FlashProgress) => {
    if (phase === 'write') throw new Error('no room on the screen')
  }
  await expect(flasher.flash(Buffer.from('image'), { onProgress: fail })).rejects.toThrow('no room on the screen')
  const fails = flasher.flash('/nonexistent/image', { onProgress: () => undefined })
  await expect(fails).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
  chip.fails = true
  await expect(progressOf(flasher)).rejects.toMatchObject({ code: 'DEVICE_IO' })
  chip.fails = false
  await flasher.flash(Buffer.from('image'))
  expect(chip.image.toString()).toBe('image')
})

class Pico extends Chip implements Implementation<typeof PiPicoFlasher> {
  static readonly interface = PiPicoFlasher
  enterBootloader() {
    this.calls.push('enterBootloader')
  }
  bootloaderInfo() {
    return { 'Board-ID': 'RPI-RP2' }
  }
}

test('PiPicoFlasherClient enters the loader and flashes', async () => {
  const board = new Pico()
  await using flasher = await serve(board, { client: PiPicoFlasherClient })
  await flasher.enterBootloader()
  expect(await flasher.bootloaderInfo()).toEqual({ 'Board-ID': 'RPI-RP2' })
  await flasher.flash(Buffer.from('uf2'))
  expect([board.calls, board.image.toString()]).toEqual([['enterBootloader', undefined], 'uf2'])
})

class Stlink extends Chip implements Implementation<typeof StlinkFlasher> {
  static readonly interface = StlinkFlasher
  info() {
    return { Version: 'V2J40M27' }
  }
  override async dump(..._others: readonly unknown[]) {
    throw new HardwareError('NOT_IMPLEMENTED', 'the volume cannot be read')
  }
}

test('StlinkFlasherClient flashes, and tells that it cannot read', async () => {
  const board = new Stlink()
  await using flasher = await serve(board, { client: StlinkFlasherClient })
  await flasher.flash(Buffer.from('image'), { target: 'image.bin' })
  expect([board.calls, board.image.toString()]).toEqual([['image.bin'], 'image'])
  expect(await flasher.info()).toEqual({ Version: 'V2J40M27' })
  await expect(flasher.dump(new PassThrough().resume())).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
})

class Disk extends Chip implements Implementation<typeof QemuFlasher> {
  static readonly interface = QemuFlasher
  async *flashOci(url: string, ...options: unknown[]): AsyncGenerator<ShellOutput> {
    this.calls.push([url, ...options])
    yield ['writing\n', '', null]
    yield url.endsWith(':1') ? ['', 'done\n', 0] : ['', 'no such image\n', 3]
  }
}

test('QemuFlasherClient flashes images of registries, with their output', async () => {
  const disk = new Disk()
  await using flasher = await serve(disk, { client: QemuFlasherClient })
  let output = ''
  const credentials = { username: 'lab', password: 'secret' }
  await flasher.flashOci('oci://registry.example/board:1', { credentials, onOutput: (text) => (output += text) })
  expect(output).toBe('writing\ndone\n')
  expect(disk.calls).toEqual([['oci://registry.example/board:1', null, 'lab', 'secret']])
  await expect(flasher.flashOci('oci://registry.example/board:2')).rejects.toMatchObject({
    code: 'CALL_FAILED',
    message: expect.stringContaining('writing\nno such image'),
  })
})

class Probe extends Driver implements Implementation<typeof ProbeRs> {
  static readonly interface = ProbeRs
  readonly calls: unknown[] = []
  program = Buffer.alloc(0)
  fails = false

  info() {
    return this.fails ? '' : 'ARM Chip'
  }
  resetTarget() {
    this.calls.push('reset')
    return ''
  }
  erase() {
    return ''
  }
  async download(src: ResourceHandle) {
    this.program = await buffer(await this.resource(src))
    return 'Finished in 1s'
  }
  read(width: string, address: string, words: string) {
    this.calls.push([width, address, words])
    if (this.fails) return ['']
    return Array.from({ length: Number(words) }, () => (width === 'b64' ? 'ffffffffffffffff' : 'deadbeef'))
  }
}

test('ProbeRsClient downloads, resets, reads words, and reports failures', async () => {
  const driver = new Probe()
  await using probe = await serve(driver, { client: ProbeRsClient })
  expect(await probe.download(Buffer.from('elf'))).toBe('Finished in 1s')
  expect(driver.program.toString()).toBe('elf')
  await probe.reset()
  expect(await probe.read(0x2000_0000, 2)).toEqual([0xdeadbeef, 0xdeadbeef])
  expect(await probe.read64(0, 1)).toEqual([2n ** 64n - 1n])
  expect(driver.calls).toEqual(['reset', ['b32', '0x20000000', '2'], ['b64', '0x0', '1']])
  await expect(probe.read(-1, 1)).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
  driver.fails = true
  await expect(probe.info()).rejects.toMatchObject({ code: 'CALL_FAILED' })
  await expect(probe.read(0, 1, { width: 8 })).rejects.toMatchObject({ code: 'CALL_FAILED' })
})
