import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'

import { Qemu, type QemuConfig } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { privateFolderPrefix } from '../../src/base/private-folder.ts'
import { processesWithArgument } from '../support/process-by-argument.ts'
import { needsCommand } from '../support/system-part.ts'

const loader = fileURLToPath(new URL('../../examples/microbit/firmware/firmware.elf', import.meta.url))
const microbit = { arch: 'arm', machine: 'microbit', loader } as const

test.each<[object, ...string[]]>([
  [{ cpus: 2, smp: 0 }, 'smp is 0; it has to be a whole number above 0', 'cpus is an unknown key'],
  [
    { mem: 'much', disk_size: 20 },
    'mem is "much"; it has to be a size',
    'disk_size is 20; it has to be a size, such as 512M',
  ],
  [{ arch: 'arm; reboot' }, 'arch is "arm; reboot"'],
  [{ virtio_transport: 'usb' }, 'virtio_transport is "usb"; it has to be pci or mmio'],
  [
    { default_partitions: { boot: 'x', root: '' } },
    'default_partitions.boot is no target; there are root, bios',
    'default_partitions.root is missing',
  ],
  [{ hostfwd: { web: { hostport: 0 } } }, 'hostfwd.web.hostport is 0', 'hostfwd.web.guestport is missing'],
  [{ hostfwd: { power: { hostport: 1, guestport: 1 } } }, 'hostfwd.power has the name of another child'],
  [{ machine: 'virt', gpio: { led: { input: 1 } } }, 'gpio is only there for the machine microbit'],
  [
    { machine: 'microbit', gpio: { a: { input: 1 }, b: { output: 1 }, c: {}, d: { input: 32 } } },
    'gpio.b has pin 1, as gpio.a has',
    'gpio.c has to have input or output, one of them, with a pin',
    'gpio.d.input is 32; it has to be a pin, from 0 to 31',
  ],
])('the configuration %o is refused', (config, ...messages) => {
  const make = () => new Qemu(config)
  for (const message of messages) expect(make).toThrow(message)
})

test('null is as good as leaving a key out', () => {
  expect(() => new Qemu({ arch: 'arm', machine: null, hostfwd: null } as unknown as QemuConfig)).not.toThrow()
})

describe('a board that cannot be', () => {
  test('names the program that is missing', async () => {
    await using board = await serve(new Qemu({ arch: 'pdp11' }))
    await expect(board.power.on()).rejects.toMatchObject({
      code: 'PROGRAM_MISSING',
      origin: 'lab',
      message: 'power.on: The program qemu-system-pdp11 is not installed: apt install qemu-system, or correct arch',
    })
    expect(await board.status()).toBe('off')
    await board.power.off()
  })

  test('says what QEMU says', async ({ skip }) => {
    needsCommand('qemu-system-arm', skip)
    await using board = await serve(new Qemu({ ...microbit, loader: '/no/such,file' }))
    await expect(board.power.on()).rejects.toMatchObject({
      code: 'DEVICE_IO',
      message: expect.stringMatching(/qemu-system-arm ended: exit code 1\n.*\/no\/such,file/s),
    })
    await using other = await serve(new Qemu({ ...microbit, args: ['-nonsense'] }))
    await expect(other.power.on()).rejects.toThrow('nonsense')
    expect(await other.status()).toBe('off')
  })
})

describe('QEMU', () => {
  test('that is killed is a board without power', { timeout: 30_000 }, async ({ skip }) => {
    needsCommand('qemu-system-arm', skip)
    skip(process.platform !== 'linux', 'processes are found in /proc')
    const mark = randomUUID()
    await using board = await serve(new Qemu({ ...microbit, args: ['-name', mark] }))
    for (let time = 0; time < 2; time++) {
      await board.power.on()
      const [pid = 0] = qemusWith(mark)
      process.kill(pid, 'SIGKILL')
      await expect.poll(() => board.status().catch(() => 'ending')).toBe('off')
    }
    await board.power.on()
    expect(await board.status()).toBe('running')
    const [pid = 0] = qemusWith(mark)
    process.kill(pid, 'SIGSTOP')
    await board.power.off()
    expect(qemusWith(mark)).toEqual([])
  })

  test('ends with its session, and leaves nothing behind', async ({ skip }) => {
    needsCommand('qemu-system-arm', skip)
    skip(process.platform !== 'linux', 'processes are found in /proc')
    const mark = randomUUID()
    const board = await serve(new Qemu({ ...microbit, args: ['-name', mark] }))
    await board.power.on()
    const path = await board.gdbSocket()
    const folder = path.slice(0, path.lastIndexOf('/'))
    expect(folder.startsWith(privateFolderPrefix())).toBe(true)
    await expect(readdir(folder)).resolves.toEqual(['gdb.sock'])
    expect(qemusWith(mark)).toHaveLength(1)
    await board[Symbol.asyncDispose]()
    // The process that watches over it is gone too.
    await expect.poll(() => processesWithArgument(mark).size).toBe(0)
    await expect(readdir(folder)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test.for(['SIGKILL', 'SIGTERM'] as const)(
    'does not outlive an exporter that ends by %s',
    { timeout: 30_000 },
    async (signal, { skip }) => {
      needsCommand('qemu-system-arm', skip)
      skip(process.platform !== 'linux', 'processes are found in /proc')
      const mark = randomUUID()
      const exporter = startExporter(mark)
      await expect.poll(() => qemusWith(mark).length, { timeout: 20_000 }).toBe(1)
      exporter.kill(signal)
      await expect.poll(() => processesWithArgument(mark).size, { timeout: 5_000 }).toBe(0)
    },
  )
})

function qemusWith(mark: string): number[] {
  const processes = [...processesWithArgument(mark)]
  return processes.filter(([, program]) => program.startsWith('qemu-system-')).map(([pid]) => pid)
}

/** A process that serves a board, switched on, and does nothing when it is ended. */
function startExporter(mark: string): ChildProcess {
  const modules = ['index', 'drivers/index'].map((name) => new URL(`../../src/${name}.ts`, import.meta.url).href)
  const program = `
    const [{ serve }, { Qemu }] = await Promise.all(${JSON.stringify(modules)}.map((url) => import(url)))
    const board = await serve(new Qemu(${JSON.stringify({ ...microbit, args: ['-name', mark] })}))
    await board.power.on()
    setInterval(() => {}, 1000)`
  const exporter = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'inherit' })
  onTestFinished(async () => {
    if (exporter.exitCode !== null || exporter.signalCode !== null) return
    exporter.kill('SIGKILL')
    await once(exporter, 'exit')
  })
  return exporter
}
