import { describe, expect, test } from 'vitest'

import { BoardSteps } from '../../../src/drivers/command-flasher/board-steps.ts'
import { explainDisk } from '../../../src/drivers/command-flasher/image.ts'
import { CommandFlasher, type CommandFlasherConfig } from '../../../src/drivers/index.ts'
import { Driver, type Implementation, serve } from '../../../src/index.ts'
import { Power, Serial } from '../../../src/interfaces/index.ts'
import { createPtyPair } from '../../support/pty-pair.ts'
import { needsCommand } from '../../support/system-part.ts'

const never = new AbortController().signal

/** A driver that writes down its calls. */
class Diary extends Driver implements Implementation<typeof Power> {
  static readonly interface = Power
  readonly calls: string[] = []
  on() {
    this.calls.push('on')
  }
  off() {
    this.calls.push('off')
  }
  async *read() {
    yield { voltage: 5, current: 0 }
  }
}

class Lines extends Driver implements Implementation<typeof Serial> {
  static readonly interface = Serial
  readonly calls: unknown[] = []
  connect(): never {
    throw new Error('it has no bytes')
  }
  setDtr(value: boolean) {
    this.calls.push(['dtr', value])
  }
  setRts(value: boolean) {
    this.calls.push(['rts', value])
  }
}

const mistakesOf = (config: unknown) => {
  try {
    return new CommandFlasher(config as CommandFlasherConfig).description ?? 'none'
  } catch (error) {
    return (error as Error).message
  }
}

test('names the keys that the tool lacks, and those that it does not use', () => {
  expect(mistakesOf({ tool: 'avrdude', scripts: ['board.cfg'], disk: '/dev/sda' })).toBe(
    'chip is missing; the tool avrdude needs it; scripts has no effect with the tool avrdude; leave it out; ' +
      'disk has no effect with the tool avrdude; leave it out',
  )
  expect(mistakesOf({ tool: 'avrdud', chip: 'm328p' })).toContain('tool is "avrdud"; it has to be avrdude')
  expect(mistakesOf({ tool: 'avrdude', chip: '-p' })).toContain('chip is "-p"; it has to be a text that does not begin')
  for (const enter of ['power.on', [{ wait: 90 }], [{ touch: 0 }], [{ pulse: 'cts' }], [{ call: 'a', wait: 1 }], [1]]) {
    expect(mistakesOf({ tool: 'avrdude', chip: 'm328p', enter })).toMatch(/^enter is /)
  }
  expect(mistakesOf({ tool: 'avrdude', chip: 'm328p', enter: ['power.cycle', { pulse: 'rts', seconds: 1 }] })).toBe(
    'none',
  )
})

test('a session does not start with steps that cannot be done', async () => {
  const config = { tool: 'avrdude', chip: 'm328p', enter: ['power.of', { touch: 1200 }], safe: ['relay.off'] } as const
  await expect(serve(new CommandFlasher(config, { power: new Diary() }))).rejects.toMatchObject({
    code: 'EXPORTER_CONFIG_INVALID',
    message: expect.stringMatching(
      /enter\[0\] is 'power.of'; the driver has on, off; enter\[1\] needs the port, .*; safe\[0\] is 'relay.off'; there is no driver 'relay' there/,
    ),
  })
})

describe('the steps of a board', () => {
  test('call the drivers below, with arguments', async () => {
    const [power, serial] = [new Diary(), new Lines()]
    const root = new CommandFlasher({ tool: 'avrdude', chip: 'm328p' }, { power, serial })
    const steps = new BoardSteps(root, undefined)
    await steps.run([{ call: 'serial.set_dtr', args: [true] }, 'power.cycle', { cycle: 'power', seconds: 0 }], never)
    expect(serial.calls).toEqual([['dtr', true]])
    expect(power.calls).toEqual(['off', 'on', 'off', 'on'])
    const ended = AbortSignal.abort(new Error('the caller has gone'))
    await expect(steps.run(['power.off'], ended)).rejects.toThrow('the caller has gone')
    expect(power.calls).toHaveLength(4)
  })

  test('open the port at another baud rate and close it again', async ({ skip }) => {
    needsCommand('socat', skip)
    await using pty = await createPtyPair()
    const root = new CommandFlasher({ tool: 'avrdude', chip: 'm32u4', port: pty.port })
    const steps = new BoardSteps(root, pty.port)
    await steps.run([{ touch: 1200 }], never)
    // A terminal in software has no control lines: the step gets as far as the port.
    await expect(steps.run([{ pulse: 'dtr' }], never)).rejects.toMatchObject({ code: 'DEVICE_IO' })
    await steps.run([{ touch: 1200 }], never)
  })
})

test('a full disk is the fault of the lab', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  expect(explainDisk(full)).toMatchObject({
    code: 'DEVICE_IO',
    origin: 'lab',
    message: expect.stringContaining("The exporter's disk has no room for the image"),
  })
  const other = new Error('the client has gone')
  expect(explainDisk(other)).toBe(other)
})
