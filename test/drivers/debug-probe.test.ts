import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { DebugProbeClient, type NetworkClient } from '../../src/clients/index.ts'
import { Qemu, TcpNetwork } from '../../src/drivers/index.ts'
import { type HardwareError, serve } from '../../src/index.ts'
import { makeElf } from '../support/make-elf.ts'
import { needsCommand } from '../support/system-part.ts'
import { startGdbserver } from '../support/gdbserver.ts'

const firmware = fileURLToPath(new URL('../../examples/microbit/firmware/firmware.elf', import.meta.url))

describe("a probe of QEMU's micro:bit", () => {
  let board: Awaited<ReturnType<typeof serveMicrobit>>
  let probe: DebugProbeClient
  const serveMicrobit = () => serve(new Qemu({ arch: 'arm', machine: 'microbit', loader: firmware }))
  beforeEach(async ({ skip }) => {
    needsCommand('qemu-system-arm', skip)
    board = await serveMicrobit()
    await board.attach()
    await board.power.on()
    probe = board.probe
  })
  afterEach(() => board?.[Symbol.asyncDispose]())

  test('halts, steps, resets and lets it run', async () => {
    await board.console.expect('> ')
    expect(await probe.halt()).toMatchObject({ reason: 'signal' })
    expect(await board.status()).toBe('paused')
    await probe.reset()
    await probe.useSymbols(firmware)
    const main = probe.addressOf('main')
    expect(await probe.register('pc')).toBe(main)
    expect(await probe.registers()).toMatchObject({ pc: main, sp: 0x20004000n })
    expect(await probe.step()).toMatchObject({ reason: 'signal', signal: 5 })
    expect(await probe.register('pc')).toBe(main + 2n)
    await probe.step(3)
    await probe.writeRegister('r3', 0x1234_5678)
    expect(await probe.register('r3')).toBe(0x1234_5678n)
    await expect(probe.register('r99')).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    await probe.reset()
    expect(await probe.register('pc')).toBe(main)
    await probe.continue()
    await board.console.expect('start 2\r\n> ')
    await expect(probe.registers()).rejects.toMatchObject({ code: 'NOT_READY', origin: 'test' })
    await expect(probe.with({ timeoutMs: 50 }).waitForStop()).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
      origin: 'firmware',
    })
    expect(await probe.halt()).toEqual({ reason: 'signal', signal: 2 })
    expect(await probe.halt()).toEqual({ reason: 'signal', signal: 2 })
    await probe.detach()
    await board.console.sendLine('version')
    await board.console.expect('microbit-demo 1.0')
    expect(await probe.readWord(0)).toBe(0x20004000)
    expect(probe.strays).toEqual([])
  })

  test('stops at breakpoints and watchpoints', async () => {
    await probe.useSymbols(firmware)
    await board.console.expect('> ')
    await probe.halt()
    await probe.reset()
    await probe.runTo('put_number')
    expect(await probe.register('pc')).toBe(probe.addressOf('put_number'))
    expect(await probe.register('r0')).toBe(2n)
    const breakpoint = await probe.breakpoint('put_char')
    for (const character of ['2', '\r', '\n', '>']) {
      await probe.continue()
      await probe.waitForStop()
      expect(String.fromCharCode(Number(await probe.register('r0')))).toBe(character)
    }
    await breakpoint.remove()
    await breakpoint.remove()
    await probe.continue()
    await board.console.expect('start 2\r\n> ')

    await probe.halt()
    await probe.reset()
    await using _ = await probe.watchpoint('starts')
    await probe.continue()
    const stop = await probe.waitForStop()
    expect(stop).toMatchObject({ reason: 'watchpoint', signal: 5 })
    // Processors stop before or after the write.
    await probe.step()
    expect(await probe.readWord(probe.addressOf('starts') + 4n)).toBe(3)
  })

  test('runs to a place that is never reached, and stops', async () => {
    await probe.useSymbols(firmware)
    await expect(probe.with({ timeoutMs: 200 }).runTo(0x100)).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
      origin: 'firmware',
      message: expect.stringContaining('gdb: the wait until the program stops'),
    })
    expect(await board.status()).toBe('paused')
    await expect(probe.runTo('nowhere')).rejects.toThrow(
      "there is no address of 'nowhere', because the program has no symbol",
    )
    await probe.continue()
    await board.console.expect('> ')
  })

  test('loads a program of 100 kB, and reads it back', async () => {
    const table = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7919) >> 4))
    const program = makeElf({
      ...{ is64: false, isLittleEndian: true, entry: 0x75 },
      segments: [
        { address: 0, data: (await readFile(firmware)).subarray(0x54, 0x54 + 0x2a1) },
        { address: 0x8000, data: table },
      ],
      symbols: [{ name: 'table', value: 0x8000, size: 100_000, isFunction: false, isGlobal: true }],
    })
    const seen: string[] = []
    // The firmware counts its starts. A load that came before the first one would make the next one the first.
    await board.console.expect('> ')
    await probe.load(program, { onProgress: ({ phase, done, total }) => seen.push(`${phase} ${done}/${total}`) })
    expect(seen.filter((line) => /(\d+)\/\1$/.test(line))).toEqual(['write 100673/100673', 'verify 100673/100673'])
    expect(await probe.readMemory('table', 100_000)).toEqual(table)
    await probe.reset()
    await probe.continue()
    await board.console.expect('start 2\r\n> ')
  })

  test('tells what a board cannot load', async () => {
    const [isLittleEndian, is64, entry] = [true, false, 0]
    const nowhere = makeElf({
      is64,
      isLittleEndian,
      entry,
      segments: [{ address: 0x9000_0000, data: Buffer.alloc(8, 1) }],
    })
    await expect(probe.load(nowhere)).rejects.toMatchObject({ code: 'DEVICE_IO', origin: 'board' })
    // Writes to the registers of the UART that are only read are dropped.
    const registers = makeElf({
      is64,
      isLittleEndian,
      entry,
      segments: [{ address: 0xe000_ed00, data: Buffer.alloc(4, 1) }],
    })
    await expect(probe.load(registers)).rejects.toThrow('the program was not written: 0xe000ed00 has 0x')
    await expect(probe.load(Buffer.from('no program'))).rejects.toMatchObject({ code: 'IMAGE_INVALID' })
    await expect(probe.load('/nowhere.elf')).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    await expect(probe.monitor('no-such-command')).resolves.toContain('unknown command')
    await expect(probe.reset({ command: 'no-such-command' })).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
  })

  test('is told when the board goes off, and connects again', async () => {
    await probe.continue()
    const told = probe.waitForStop().then(
      ({ reason }) => reason,
      (error: HardwareError) => error.code,
    )
    await board.power.off()
    // QEMU may have the time to say so.
    expect(['exited', 'DEVICE_IO']).toContain(await told)
    await expect(probe.halt()).rejects.toMatchObject({ code: 'NOT_READY' })
    await board.power.on()
    expect(await probe.readWord(0)).toBe(0x20004000)
  })
})

describe('a probe of gdbserver', () => {
  test('agrees with the process about its memory', async ({ skip }) => {
    needsCommand('gdbserver', skip)
    needsCommand('python3', skip)
    await using process = await startGdbserver()
    await using probe = await serve(new TcpNetwork({ host: '127.0.0.1', port: process.port }), {
      client: DebugProbeClient,
    })
    await probe.continue()
    const { address, length } = await process.buffer()
    await probe.halt()
    expect(await probe.register('pc')).toBe(await probe.register('rip'))
    let expected = Buffer.alloc(length)
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(length - 1), fc.uint8Array({ minLength: 1, maxLength: 20_000 })), { maxLength: 3 }),
        fc.nat(length - 1),
        fc.nat(length),
        async (writes, from, count) => {
          for (const [at, data] of writes) {
            const piece = data.subarray(0, length - at)
            await probe.writeMemory(address + BigInt(at), piece)
            expected.set(piece, at)
          }
          const to = Math.min(length, from + count)
          expect((await probe.readMemory(address + BigInt(from), to - from)).equals(expected.subarray(from, to))).toBe(
            true,
          )
          await probe.continue()
          expect((await process.read()).equals(expected)).toBe(true)
          // The process writes, and the debugger reads.
          expected = await process.fill()
          await probe.halt()
          expect((await probe.readMemory(address, length)).equals(expected)).toBe(true)
        },
      ),
      { numRuns: 25 },
    )
    await expect(probe.readMemory(0, 4)).rejects.toMatchObject({ code: 'DEVICE_IO' })
    await probe.continue()
    process.end()
    expect(await probe.waitForStop()).toEqual({ reason: 'exited', exitCode: 7 })
    await expect(probe.readMemory(address, 4)).rejects.toBeInstanceOf(Error)
  }, 30_000)
})

/** For the types: a probe is a network, too. */
const _: (probe: DebugProbeClient) => NetworkClient = (probe) => probe
void _
