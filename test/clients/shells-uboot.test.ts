import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'

import type { UbootShell } from '../../src/clients/index.ts'
import { BadLine } from '../support/bad-line.ts'
import { needsUboot, startQemuBoard, ubootArgs } from '../support/qemu-board.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let board: Awaited<ReturnType<typeof startQemuBoard>> | undefined
let uboot: UbootShell
const line = new BadLine((marker) => marker.slice(0, 6))

// One board for all tests: each test leaves it at its prompt.
beforeEach(async ({ skip }) => {
  needsUboot(skip)
  if (board !== undefined) return
  board = await startQemuBoard(ubootArgs, undefined, line)
  uboot = await board.console.shell('uboot')
})
afterAll(() => board?.[Symbol.asyncDispose]())

describe('commands', () => {
  test('give their output and exit code', async () => {
    expect((await uboot.run('version')).output).toMatch(/^U-Boot \d{4}\.\d\d[\s\S]*\n$/)
    expect(await uboot.run('false')).toMatchObject({ output: '', exitCode: 1 })
    expect(await uboot.runOrThrow('echo "=> "; echo vh0123456789abcdef:0')).toBe('=> \nvh0123456789abcdef:0')
    await expect(uboot.runOrThrow('nosuch')).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      message: expect.stringContaining("Unknown command 'nosuch'"),
    })
  })

  test('whose begin and end are lost on the way are found out, with their exit code', async () => {
    const running = uboot.run('echo first; false')
    line.next = 3
    expect(await running).toMatchObject({ output: expect.stringMatching(/first\n$/), exitCode: 1 })
    expect(line.next).toBe(0)
    expect(await uboot.runOrThrow('echo fine')).toBe('fine')
  })

  test('that are too long, or not complete, are errors at once', async () => {
    for (const command of ['echo x\necho y', `echo ${'x'.repeat(500)}`, "echo 'x", 'if true; then echo x']) {
      await expect(uboot.run(command), command).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    }
    expect(await uboot.runOrThrow('echo fine')).toBe('fine')
  })

  test('are interrupted when they take too long', async () => {
    const slow = uboot.run('sleep 60', { timeoutMs: 200 })
    await expect(slow).rejects.toMatchObject({
      code: 'CONSOLE_TIMEOUT',
      message: expect.stringContaining('interrupted'),
    })
    expect(await uboot.runOrThrow('echo fine')).toBe('fine')
  })
})

describe('the environment', () => {
  test('is read and written', async () => {
    expect(await uboot.getEnv('nosuchname')).toBeUndefined()
    await uboot.setEnv('greeting', 'hello')
    expect(await uboot.getEnv('greeting')).toBe('hello')
    expect(await uboot.printEnv()).toMatchObject({ greeting: 'hello', arch: 'arm' })
    await uboot.setEnv('greeting', undefined)
    expect(await uboot.printEnv()).not.toHaveProperty('greeting')
    await expect(uboot.setEnv('a b', 'x')).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    await expect(uboot.setEnv('a', 'x\ny')).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
  })

  test('takes any text', async () => {
    const text = fc.string({
      unit: fc.constantFrom(...Array.from('ab 01\'"\\$;&|<>(){}[]=#!*?`~%^,.:/-ä€')),
      minLength: 1,
      maxLength: 40,
    })
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        await uboot.setEnv('any', value)
        expect(await uboot.getEnv('any')).toBe(value)
      }),
      { numRuns: 100 },
    )
  })
})

describe('memory', () => {
  const address = 0x42000000

  test.each([1, 2, 4, 8] as const)('is written and read, %i bytes at a time', async (width) => {
    const bytes = Uint8Array.from([...randomBytes(48), ...Buffer.alloc(40, 'A')])
    await uboot.writeMemory(address, bytes, { width })
    expect(await uboot.readMemory(address, bytes.length, { width })).toEqual(bytes)
    expect(await uboot.readMemory('42000000', bytes.length)).toEqual(bytes)
    expect(await uboot.readMemory(address, width, { width })).toEqual(bytes.slice(0, width))
    expect(await uboot.crc32(address, bytes.length)).toBe(crc32(bytes))
  })

  test('has addresses and lengths that are checked', async () => {
    for (const wrong of ['0x4200000g', '1; reset', -1, 1.5]) {
      await expect(uboot.readMemory(wrong, 1), String(wrong)).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    }
    await expect(uboot.readMemory(address, 3, { width: 2 })).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    await uboot.setEnv('somewhere', '42000000')
    expect(await uboot.crc32('${somewhere}', 4)).toBe(await uboot.crc32(address, 4))
  })
})

describe('the network', () => {
  test('gives an address, and says why a file does not come', async () => {
    expect(await uboot.dhcp()).toBe('10.0.2.15')
    const nothing = uboot.tftp('${loadaddr}', 'nosuchfile', { serverIp: '10.0.2.2' })
    await expect(nothing).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      message: expect.stringContaining('TFTP error'),
    })
    await expect(uboot.load('virtio 0:1', 0x42000000, 'Image')).rejects.toMatchObject({ code: 'COMMAND_FAILED' })
  })
})

describe('starting', () => {
  test('stops autoboot again after a reset', async () => {
    await uboot.setEnv('gone', 'after a reset')
    await uboot.boot('reset')
    expect(await uboot.getEnv('gone')).toBeUndefined()
  })

  test('is found at its prompt, half a line typed', async () => {
    await board?.console.send('echo half')
    const other = await board!.console.shell('uboot', { timeoutMs: 10_000 })
    expect(await other.runOrThrow('echo fine')).toBe('fine')
  })
})
