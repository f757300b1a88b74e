import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { DigitalInputClient, DigitalOutputClient, NetworkClient } from '../../src/clients/index.ts'
import { Qemu } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { needsCommand } from '../support/system-part.ts'

const firmware = new URL('../../examples/microbit/firmware/firmware.elf', import.meta.url)
const greeting = (start: number) => `microbit-demo 1.0, start ${start}\r\n> `

async function serveMicrobit() {
  const board = await serve(
    new Qemu({
      arch: 'arm',
      machine: 'microbit',
      loader: fileURLToPath(firmware),
      gpio: { button_a: { output: 17, active_low: true }, row: { input: 13 }, column: { input: 4, active_low: true } },
    }),
  )
  const { button_a: button, row, column } = board.children['gpio']?.children ?? {}
  expect(button).toBeInstanceOf(DigitalOutputClient)
  expect(row).toBeInstanceOf(DigitalInputClient)
  expect(board.gdb).toBeInstanceOf(NetworkClient)
  return Object.assign(board, {
    button: button as DigitalOutputClient,
    row: row as DigitalInputClient,
    column: column as DigitalInputClient,
    async run(command: string) {
      await board.console.sendLine(command)
      return (await board.console.expect('\r\n> ')).before.replace(`${command}\r\n`, '')
    },
  })
}

describe('a micro:bit', () => {
  let board: Awaited<ReturnType<typeof serveMicrobit>>
  beforeEach(async ({ skip }) => {
    needsCommand('qemu-system-arm', skip)
    board = await serveMicrobit()
    await board.console.attach()
  })
  afterEach(() => board?.[Symbol.asyncDispose]())

  test('prints from the first byte, to every reader, over power cycles', async () => {
    expect(await board.status()).toBe('off')
    const other = await board.console.connect()
    let seen = ''
    other.on('data', (bytes: Buffer) => (seen += bytes))
    for (let cycle = 0; cycle < 5; cycle++) {
      await board.power.on()
      expect(await board.status()).toBe('running')
      await board.console.expect(greeting(1))
      await board.console.send('lost on the way')
      await board.power.off()
      expect(await board.status()).toBe('off')
      await board.console.send('lost, because the board is off')
    }
    await board.power.off()
    await board.power.on()
    await board.power.on()
    await board.console.expect(greeting(1))
    await expect.poll(() => seen).toBe(board.console.all)
    await board.console.close()
    await expect(board.console.expect('never')).rejects.toMatchObject({ code: 'CONSOLE_CLOSED' })
  })

  test('keeps its memory over a reset, and the lab keeps the button pressed', async () => {
    await board.power.on()
    await board.console.expect(greeting(1))
    await board.button.on()
    for (let start = 2; start < 12; start++) {
      await board.reset()
      await board.console.expect(greeting(start))
      expect(await board.run('buttons')).toBe('a pressed, b released')
    }
    await board.power.cycle({ offMs: 0 })
    await board.console.expect(greeting(1))
    expect(await board.run('buttons')).toBe('a pressed, b released')
    await board.button.off()
    expect(await board.run('buttons')).toBe('a released, b released')
  })

  test('takes everything that is typed at once', async () => {
    await board.power.on()
    await board.console.send('version\r'.repeat(100))
    for (let n = 0; n < 100; n++) await board.console.expect('version\r\nmicrobit-demo 1.0\r\n> ')
  })

  test('works its pins', async () => {
    const { row, column, button } = board
    expect(await row.read()).toBe(false)
    expect(await button.read()).toBe(false)
    await board.power.on()
    await column.waitForActive()
    await board.console.expect(greeting(1))
    const edges = [row.waitForEdge('rising'), row.waitForEdge('both')]
    const off = row.waitForEdge('falling')
    await board.run('led on')
    await Promise.all(edges)
    await row.waitForActive()
    expect(await row.read()).toBe(true)
    await board.run('led off')
    await off
    await expect(row.waitForActive({ timeoutMs: 20 })).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
      message: 'gpio.row.waitForActive: Pin 13 did not become active within 0.02 s',
    })
    await board.run('led on')
    const dark = row.waitForEdge('falling')
    await board.power.off()
    await dark
    expect(await row.read()).toBe(false)
    await button.on()
    expect(await button.read()).toBe(true)
  })

  test('sees a pulse of any length', async () => {
    await board.power.on()
    await board.console.expect(greeting(1))
    for (let n = 0; n < 10; n++) {
      const edges = [board.row.waitForEdge('rising'), board.row.waitForEdge('falling')]
      await board.row.read()
      await board.console.send('led on\rled off\r')
      await Promise.all(edges)
    }
  })

  test('stands still, and goes on', async () => {
    await expect(board.pause()).rejects.toMatchObject({ code: 'NOT_READY', origin: 'test' })
    await board.power.on()
    await board.console.expect(greeting(1))
    await board.pause()
    expect(await board.status()).toBe('paused')
    await board.console.sendLine('version')
    await expect(board.console.expect('microbit-demo', { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'CONSOLE_TIMEOUT',
    })
    await board.resume()
    await board.console.expect('version\r\nmicrobit-demo 1.0\r\n> ')
  })

  test('comes back to a state', async ({ skip }) => {
    needsCommand('qemu-img', skip)
    await expect(board.saveSnapshot('x')).rejects.toMatchObject({ code: 'NOT_READY' })
    await board.power.on()
    await board.console.expect(greeting(1))
    await board.saveSnapshot('dark')
    await board.run('led on')
    await board.saveSnapshot('lit')
    await board.saveSnapshot('lit')
    for (let n = 0; n < 5; n++) {
      await board.loadSnapshot('dark')
      expect(await board.row.read()).toBe(false)
      const edge = board.row.waitForEdge('rising')
      await board.row.read()
      await board.run('led on')
      await edge
      await board.loadSnapshot('dark')
      const other = board.row.waitForEdge('rising')
      await board.row.read()
      await board.loadSnapshot('lit')
      await other
    }
    // Memory and pins come back after the power was off; the lab's button is where the lab has it.
    await board.button.on()
    await board.power.off()
    await board.loadSnapshot('lit')
    expect(await board.status()).toBe('running')
    expect(await board.row.read()).toBe(true)
    expect(await board.run('buttons')).toBe('a pressed, b released')
    await board.reset()
    await board.console.expect(greeting(2))
    await board.pause()
    await board.loadSnapshot('dark')
    expect(await board.status()).toBe('paused')
    await board.deleteSnapshot('lit')
    expect((await board.listSnapshots()).map(({ name }) => name)).toEqual(['dark'])
    await expect(board.loadSnapshot('lit')).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      message: "loadSnapshot: There is no snapshot 'lit'; there are 'dark'",
    })
    await expect(board.saveSnapshot('')).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    await board.power.off({ destroy: true })
    expect(await board.listSnapshots()).toEqual([])
  })

  test('lets a debugger in, and goes on without it', async () => {
    await expect(board.gdb.connect()).rejects.toMatchObject({ code: 'NOT_READY' })
    await board.power.on()
    await board.console.expect(greeting(1))
    const path = await board.gdbSocket()
    // Who only looks whether somebody listens does not stop the board.
    await new Promise<void>((resolve) =>
      connect(path).on('connect', function (this: Duplex) {
        this.destroy()
        resolve()
      }),
    )
    expect(await board.run('version')).toBe('microbit-demo 1.0')
    for (const open of [() => board.gdb.connect(), async () => connect(path)]) {
      const debug = await open()
      // Remote serial protocol: why did it stop, and the stack pointer in the first word of the memory.
      expect(await ask(debug, '?')).toMatch(/^T05/)
      expect(await board.status()).toBe('paused')
      expect(await ask(debug, 'm0,4')).toBe('00400020')
      await expect(board.gdb.connect()).rejects.toThrow('Another debugger is connected')
      debug.destroy()
      await expect.poll(() => board.status()).toBe('running')
      expect(await board.run('version')).toBe('microbit-demo 1.0')
    }
    // A debugger's `kill` ends the board.
    const debug = await board.gdb.connect()
    debug.on('error', () => undefined).write(packet('k'))
    await expect.poll(() => board.status().catch(() => 'ending')).toBe('off')
    await board.power.on()
    await board.console.expect(greeting(1))
  })

  test('has no display, and measures nothing', async () => {
    await expect(board.screenshot()).rejects.toMatchObject({ code: 'NOT_READY' })
    await board.power.on()
    await expect(board.screenshot()).rejects.toMatchObject({ code: 'CALL_FAILED' })
    await expect(board.power.read().next()).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
  })
})

function packet(content: string): string {
  const sum = Buffer.from(content).reduce((total, byte) => total + byte, 0) & 0xff
  return `$${content}#${sum.toString(16).padStart(2, '0')}`
}

/** Sends one packet, and returns the content of the answer. */
function ask(stream: Duplex, content: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const take = (bytes: Buffer) => {
      text += bytes
      const answer = /\$([^#]*)#\w\w/.exec(text)?.[1]
      if (answer === undefined) return
      stream.off('data', take)
      stream.write('+')
      resolve(answer)
    }
    stream.on('data', take)
    stream.once('error', reject)
    stream.write(packet(content))
  })
}

test.for([
  ['examples/microbit/firmware/firmware.c', 'examples/microbit/firmware/firmware.elf'],
  ['test/support/firmware/target-tests.c', 'test/support/firmware/target-tests.elf'],
])('the committed firmware is what %s compiles to', async ([source = '', committed = ''], { skip }) => {
  // Not needsCommand(): it is large, so that it is not installed for the tests alone.
  if (spawnSync('arm-none-eabi-gcc', ['--version']).error !== undefined) skip('arm-none-eabi-gcc is not installed')
  const folder = await mkdtemp(join(tmpdir(), 'microbit-'))
  try {
    const built = join(folder, 'firmware.elf')
    execFileSync(process.execPath, ['scripts/build-microbit-firmware.ts', source, built])
    expect(await readFile(built)).toEqual(await readFile(committed))
  } finally {
    await rm(folder, { recursive: true })
  }
})
