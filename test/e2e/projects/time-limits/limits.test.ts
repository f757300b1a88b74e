import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, describe } from 'vitest'
import { expect, needs } from 'vitest-hardware'
import { SerialClient } from 'vitest-hardware/clients'
import { Board } from '#board'

const test = needs({ dut: { drivers: { serial: SerialClient, board: Board }, lineEnd: '\n' } })

/** The time that a test has, in milliseconds, and the part of it that is over when its wait begins. */
const [timeout, spentMs] = [4_000, 2_000]
const tooLong = { timeoutMs: 60_000 }

test.beforeAll(async ({ dut }) => {
  await dut.serial.sendLine('U-Boot SPL')
  await dut.serial.expect('U-Boot SPL\n')
})

// Each with its reader, all at the same time.
describe.concurrent('limits', () => {
  test('a wait after other work', { timeout }, async ({ dut }) => {
    await delay(spentMs)
    await dut.serial.reader().expect('prompt 1')
  })

  test('a matcher after other work', { timeout }, async ({ dut }) => {
    await delay(spentMs)
    await expect(dut.serial.reader()).toPrint('prompt 2')
  })

  test('a call after other work', { timeout }, async ({ dut }) => {
    await delay(spentMs)
    await dut.board.hang()
  })

  test('a shell after other work', { timeout }, async ({ dut }) => {
    await delay(spentMs)
    await dut.serial.shell('linux')
  })

  test('a wait that was given more', { timeout }, async ({ dut }) => {
    await dut.serial.reader({ from: 'start' }).expect('prompt 3', tooLong)
  })

  test('a call that was given more', { timeout }, async ({ dut }) => {
    await dut.board.with(tooLong).hang()
  })

  test('lines', { timeout }, async ({ dut }) => {
    for await (const line of dut.serial.reader().lines()) expect(line).toBe('no line comes')
  })

  test('nothing of the hardware', { timeout }, async () => {
    await delay(60_000)
  })

  describe('of a hook before tests', () => {
    test.beforeEach(async ({ dut }) => {
      await delay(spentMs)
      await dut.serial.reader().expect('prompt 4')
    }, timeout)
    test('is not reached', () => {})
  })

  describe('of a hook after tests', () => {
    test.afterEach(async ({ dut }) => {
      await dut.serial.reader().expect('prompt 5')
    }, timeout)
    test('passes, but for its hook', () => {})
  })

  describe('of a hook around tests', () => {
    test.aroundEach(async (run, { dut }) => {
      await run()
      await delay(spentMs)
      await dut.serial.reader().expect('prompt 6')
    }, timeout)
    test('passes, but for its hook', () => {})
  })

  describe('of a hook before all', () => {
    test.beforeAll(async ({ dut }) => {
      await delay(spentMs)
      await dut.serial.reader().expect('prompt 7')
    }, timeout)
    test('is not reached', () => {})
  })

  describe('of a hook after all', () => {
    let serial: SerialClient
    test('passes', ({ dut }) => {
      serial = dut.serial
    })
    afterAll(async () => {
      await serial.reader().expect('prompt 8')
    }, timeout)
  })
})
