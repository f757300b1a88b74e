import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, gzipSync, zstdCompressSync } from 'node:zlib'
import { execFileSync } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { NetworkClient } from '../../src/clients/index.ts'
import { Qemu, type QemuConfig } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { freePort } from '../support/free-port.ts'
import { needsUboot } from '../support/qemu-board.ts'
import { needsCommand } from '../support/system-part.ts'

const bios = '/usr/lib/u-boot/qemu_arm64/u-boot.bin'
const small = { machine: 'virt', cpu: 'cortex-a57', mem: '128M' } as const
const mebibyte = 1024 * 1024

async function serveBoard(config: QemuConfig) {
  const board = await serve(new Qemu({ arch: 'aarch64', bios, ...config }))
  await board.console.attach()
  const run = async (command: string) => {
    await board.console.sendLine(command)
    return (await board.console.expect('\n=> ')).before
  }
  return Object.assign(board, {
    /** Switches it on, and stops in U-Boot. */
    async boot() {
      await board.power.on()
      await board.console.expect('Hit any key')
      await board.console.sendLine('')
      await board.console.expect('\n=> ')
    },
    run,
    /** The checksum of the first blocks of the disk, as U-Boot reads them. */
    async checksum(bytes: number) {
      await run(`virtio read 42000000 0 ${(bytes / 512).toString(16)}`)
      return /==> (\w{8})/.exec(await run(`crc32 42000000 ${bytes.toString(16)}`))?.[1]
    },
    /** Fills a block of the disk with a byte, in hexadecimal digits. */
    async fillBlock(block: number, byte: string) {
      await run(`mw.b 41000000 ${byte} 200`)
      expect(await run(`virtio write 41000000 ${block.toString(16)} 1`)).toContain('1 blocks written: OK')
    },
  })
}

const checksumOf = (bytes: Uint8Array) => crc32(bytes).toString(16).padStart(8, '0')

describe('a board with U-Boot', { timeout: 60_000 }, () => {
  let folder: string
  beforeEach(async ({ skip }) => {
    needsUboot(skip)
    needsCommand('qemu-img', skip)
    folder = await mkdtemp(join(tmpdir(), 'qemu-'))
  })
  afterEach(async () => {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  })

  test('has memory, network and display of a board whose config names no machine', async () => {
    await using board = await serveBoard({ restrict: true })
    expect([await board.hostname(), await board.username(), await board.password()]).toEqual([
      'demo',
      'jumpstarter',
      'password',
    ])
    await board.boot()
    const info = await board.run('bdinfo')
    expect(info).toContain('size     = 0x0000000020000000')
    expect(info).toContain('virtio-net')
    expect(await board.run('virtio info')).not.toContain('Capacity')
    const image = await board.screenshot()
    expect(image.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1A\n')
    await expect(board.setMemorySize('much')).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    await board.setMemorySize('256M')
    await board.power.off()
    await board.boot()
    expect(await board.run('bdinfo')).toContain('size     = 0x0000000010000000')
  })

  test.each(['pci', 'mmio'] as const)(
    'keeps what it writes to its disk, without power and on %s',
    async (transport) => {
      await using board = await serveBoard({ ...small, virtio_transport: transport })
      const image = randomBytes(4 * mebibyte)
      await board.flasher.flash(image)
      await board.boot()
      expect(await board.checksum(image.length)).toBe(checksumOf(image))
      await board.fillBlock(1, '5a')
      image.fill(0x5a, 512, 1024)
      await expect(board.flasher.dump(join(folder, 'early'))).rejects.toMatchObject({
        code: 'NOT_READY',
        origin: 'test',
      })
      await board.power.off()
      await board.flasher.dump(join(folder, 'dump'))
      expect((await readFile(join(folder, 'dump'))).equals(image)).toBe(true)
      await board.boot()
      expect(await board.checksum(image.length)).toBe(checksumOf(image))
    },
  )

  test('brings its disk back with a snapshot, and drops what is written when it is destroyed', async () => {
    const path = join(folder, 'disk')
    const image = randomBytes(mebibyte)
    await writeFile(path, image)
    await using board = await serveBoard({ ...small, default_partitions: { root: path } })
    await board.boot()
    await board.saveSnapshot('clean')
    await board.fillBlock(0, 'a5')
    await board.run('setenv marker written')
    await board.loadSnapshot('clean')
    await board.console.sendLine('')
    await board.console.expect('\n=> ')
    expect(await board.run('printenv marker')).toContain('not defined')
    expect(await board.checksum(image.length)).toBe(checksumOf(image))
    await board.fillBlock(0, 'a5')
    await board.power.off({ destroy: true })
    await board.boot()
    expect(await board.checksum(image.length)).toBe(checksumOf(image))
    expect((await readFile(path)).equals(image)).toBe(true)
  })

  test('takes images as they come: compressed, qcow2, of another size', async () => {
    await using board = await serveBoard({ ...small, disks: [join(folder, 'second')] })
    const image = randomBytes(mebibyte)
    await writeFile(join(folder, 'raw'), image)
    await writeFile(join(folder, 'second'), image)
    execFileSync('qemu-img', ['convert', '-O', 'qcow2', join(folder, 'raw'), join(folder, 'qcow2')])
    const images = [gzipSync(image), zstdCompressSync(image), await readFile(join(folder, 'qcow2'))]
    for (const file of images) {
      await board.flasher.flash(file)
      await board.boot()
      expect(await board.checksum(image.length)).toBe(checksumOf(image))
      await board.power.off()
    }
    await board.setDiskSize('3M')
    await board.boot()
    expect(await board.run('virtio info')).toMatch(
      /Capacity: 3\.0 MB[^]*Capacity: 1\.0 MB|Capacity: 1\.0 MB[^]*Capacity: 3\.0 MB/,
    )
    await board.power.off()
    await board.setDiskSize('2M')
    await expect(board.power.on()).rejects.toThrow('cannot become smaller')

    const other = join(folder, 'other')
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', '/etc/hostname', '-F', 'raw', other])
    await expect(board.flasher.flash(other)).rejects.toMatchObject({ code: 'IMAGE_INVALID' })
    const broken = gzipSync(image).subarray(0, 1000)
    await expect(board.flasher.flash(broken)).rejects.toMatchObject({ code: 'IMAGE_INVALID' })
    await expect(board.flasher.flash(image, { target: 'boot' })).rejects.toThrow(
      "There is no target 'boot'; there are root, bios, OVMF_CODE.fd, OVMF_VARS.fd",
    )
    await expect(board.flasher.dump(join(folder, 'vars'), { target: 'OVMF_VARS.fd' })).rejects.toThrow(
      'Nothing has been',
    )
  })

  test('has what cloud-init reads beside its disk', async () => {
    await using board = await serveBoard({
      ...small,
      disk_size: '1M',
      hostname: 'dut',
      username: 'me',
      password: 'secret',
    })
    expect([await board.hostname(), await board.username(), await board.password()]).toEqual(['dut', 'me', 'secret'])
    await board.boot()
    for (const [name, text] of [
      ['meta-data', '"local-hostname":"dut"'],
      ['user-data', '#cloud-config\n{"ssh_pwauth":true,"users":[{"name":"me","plain_text_passwd":"secret"'],
    ] as const) {
      const found = await board.run(
        `for disk in 0 1; do fatload virtio $disk:1 42000000 ${name} && md.b 42000000 100; done`,
      )
      const bytes = Array.from(found.matchAll(/^[\da-f]{8}: ((?:[\da-f]{2} ){16})/gm), ([, hex = '']) =>
        hex.replaceAll(' ', ''),
      )
      expect(Buffer.from(bytes.join(''), 'hex').toString()).toContain(text)
    }
  })

  test('is flashed with its firmware', async () => {
    await using board = await serve(new Qemu({ arch: 'aarch64', ...small }))
    await board.console.attach()
    await board.flasher.flash(bios, { target: 'bios' })
    await board.power.on()
    await board.console.expect('Hit any key')
  })

  test('loads files by TFTP, and can be reached at its forwarded ports', async () => {
    const file = randomBytes(mebibyte)
    await writeFile(join(folder, 'kernel'), file)
    const hostport = await freePort()
    const hostfwd = { web: { hostport, guestport: 80 } }
    await using board = await serveBoard({ ...small, tftp: folder, restrict: true, hostfwd })
    const web = board.children['web'] as NetworkClient
    expect(web).toBeInstanceOf(NetworkClient)
    expect(await web.address()).toBe(`tcp://127.0.0.1:${hostport}`)
    await expect(web.connect()).rejects.toThrow('ECONNREFUSED')
    await board.boot()
    ;(await web.connect()).destroy()
    await board.run('setenv autoload no')
    await board.run('dhcp')
    await board.run('tftpboot 42000000 10.0.2.2:kernel')
    expect(await board.run('crc32 42000000 ${filesize}')).toContain(checksumOf(file))
  })
})
