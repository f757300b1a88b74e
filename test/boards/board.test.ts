import { describe, expect, test } from 'vitest'

import { withCallOptions } from '../../src/clients/call-options.ts'
import { defineBoard, HardwareError, serve } from '../../src/index.ts'
import { Simulated, SimulatedBoard } from './simulated-board.ts'

/** A time limit that only a step that hangs reaches, in milliseconds. */
const hangMs = 1000

const board = defineBoard({
  drivers: { sim: Simulated },
  states: {
    off: { check: ({ sim }) => sim.isIn('off') },
    uboot: { check: ({ sim }) => sim.isIn('uboot'), timeoutMs: hangMs },
    linux: { check: ({ sim }) => sim.isIn('linux') },
  },
  edges: [
    { from: 'any', to: 'off', costMs: 10, run: ({ sim }) => sim.move('any', 'off') },
    { from: 'off', to: 'uboot', costMs: 20, timeoutMs: hangMs, run: ({ sim }) => sim.move(['off'], 'uboot') },
    { from: 'uboot', to: 'linux', costMs: 50, run: ({ sim }) => sim.move(['uboot'], 'linux') },
    { name: 'snapshot', from: ['off', 'uboot'], to: 'linux', costMs: 5, run: ({ sim }) => sim.move('any', 'linux') },
  ],
})

async function simulate() {
  const driver = new SimulatedBoard()
  const sim = await serve(driver)
  return { driver, sim, running: board.on({ sim }, { name: 'dut' }), [Symbol.asyncDispose]: sim[Symbol.asyncDispose] }
}

async function failure(promise: Promise<unknown>): Promise<HardwareError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(HardwareError)
  return error as HardwareError
}

describe.concurrent('the way', () => {
  test('starts where the checks say, is the cheapest, and every edge is checked', async () => {
    await using simulated = await simulate()
    const { driver, running } = simulated
    expect(running.state).toBeUndefined()
    driver.truth = 'uboot'
    await running.to('linux')
    expect(driver.asked).toEqual(['linux?', 'off?', 'uboot?', 'uboot → linux', 'linux?'])
    expect(running.state).toBe('linux')
  })

  test('what is there already is only checked', async () => {
    await using simulated = await simulate()
    const { driver, running } = simulated
    await running.to('linux')
    driver.asked = []
    await running.to('linux')
    expect(driver.asked).toEqual(['linux?'])
  })

  test('a board that has gone elsewhere is not believed to be where it was', async () => {
    await using simulated = await simulate()
    const { driver, running } = simulated
    await running.to('linux')
    driver.truth = 'panic'
    driver.asked = []
    expect(await running.identify()).toBeUndefined()
    expect(running.state).toBeUndefined()
    await running.to('linux')
    // In no known state, only edges from `any` can be taken.
    expect(driver.asked).toContain('panic → off')
    expect(running.state).toBe('linux')
  })

  test('a state that somebody has seen is checked first', async () => {
    await using simulated = await simulate()
    const { driver, sim } = simulated
    driver.truth = 'uboot'
    const running = board.on({ sim }, { lastSeen: 'uboot' })
    expect(running.state, 'it is not believed').toBeUndefined()
    expect(await running.identify()).toBe('uboot')
    expect(driver.asked).toEqual(['uboot?'])
  })
})

describe.concurrent('an edge that fails', () => {
  test('is avoided while there is another way, and tried once more when there is none', async () => {
    await using simulated = await simulate()
    const { driver, running } = simulated
    // The snapshot fails, then the power switch on the other path, and then that path works.
    driver.edgeFaults = ['fails', 'fails']
    await running.to('linux')
    expect(driver.asked.filter((what) => what.includes('→'))).toEqual(['off → linux', 'off → uboot', 'off → linux'])
    expect(running.broken).toBeUndefined()
  })

  test('is over at its limit', async () => {
    await using simulated = await simulate()
    const { driver, running } = simulated
    driver.edgeFaults = ['hangs']
    await running.to('uboot')
    expect(driver.asked.filter((what) => what.includes('→'))).toEqual(['off → uboot', 'off → uboot'])
  })

  test('has arrived when the check says so', async () => {
    await using simulated = await simulate()
    const { driver, running } = simulated
    driver.edgeFaults = ['fails after moving']
    await running.to('uboot')
    expect(driver.asked.filter((what) => what.includes('→'))).toEqual(['off → uboot'])
  })

  test('for good breaks the board, once, with all that was seen', async () => {
    await using simulated = await simulate()
    const { driver, running } = simulated
    driver.elsewhere = 'panic'
    driver.edgeFaults = ['hangs', 'lies', 'fails', 'fails', 'fails', 'fails', 'fails', 'fails']
    const error = await failure(running.to('uboot'))
    expect(error).toMatchObject({ code: 'BOARD_BROKEN', origin: 'board', cause: { code: 'CALL_TIMEOUT' } })
    const [first, ...lines] = error.message.split('\n')
    expect(first).toBe("Board 'dut' cannot be brought to 'uboot', and is given up until the lease ends:")
    expect(lines).toEqual([
      "  at first it was in 'off'",
      expect.stringMatching(
        /^ {2}edge 'off → uboot' failed after \d+ ms: move: no answer within 900 ms.*; then the board was in 'off'$/,
      ),
      expect.stringMatching(
        /^ {2}edge 'off → uboot' ended after \d+ ms, but the check of 'uboot' says no; then the board was in 'off'$/,
      ),
    ])
    driver.asked = []
    for (const state of board.states) expect(await failure(running.to(state))).toBe(error)
    expect(await failure(running.identify())).toBe(error)
    expect(running.broken).toBe(error)
    expect(driver.asked, 'it is left alone').toEqual([])

    // The board has been repaired.
    running.forget()
    driver.edgeFaults = []
    await running.to('uboot')
    expect([running.state, running.broken]).toEqual(['uboot', undefined])
  })

  test('says who has to act, as its own error does', async () => {
    await using simulated = await simulate()
    const wrong = defineBoard({
      drivers: { sim: Simulated },
      states: { off: { check: () => false }, on: { check: () => false } },
      edges: [
        {
          from: 'any',
          to: 'on',
          run: () => {
            throw new HardwareError('CONSOLE_TIMEOUT', 'no prompt')
          },
        },
      ],
    })
    const error = await failure(wrong.on(simulated).to('on'))
    expect(error).toMatchObject({ code: 'BOARD_BROKEN', origin: 'firmware' })
    expect(error.message).toContain("in no known state ('on' says no; 'off' says no)")
  })
})

describe.concurrent('limits', () => {
  test('of an edge, also when it does not stop', async () => {
    await using simulated = await simulate()
    const stubborn = defineBoard({
      drivers: { sim: Simulated },
      states: { off: { check: ({ sim }) => sim.isIn('off') }, on: { check: ({ sim }) => sim.isIn('on') } },
      edges: [{ from: 'off', to: 'on', timeoutMs: 50, run: () => new Promise(() => undefined) }],
    })
    const error = await failure(stubborn.on(simulated).to('on'))
    expect(error).toMatchObject({ code: 'BOARD_BROKEN', cause: { code: 'CALL_TIMEOUT' } })
    expect(error.message.match(/it did not end within 50 ms; then the board was in 'off'/g)).toHaveLength(2)
  })

  test('of the board: all attempts together', async () => {
    await using simulated = await simulate()
    simulated.driver.edgeFaults = ['hangs']
    const slow = defineBoard({
      drivers: { sim: Simulated },
      states: { off: { check: ({ sim }) => sim.isIn('off') }, on: { check: ({ sim }) => sim.isIn('on') } },
      edges: [{ from: 'off', to: 'on', run: ({ sim }) => sim.move('any', 'on') }],
      timeoutMs: hangMs,
    })
    const running = slow.on(simulated)
    const error = await failure(running.to('on'))
    expect(error.code).toBe('BOARD_BROKEN')
    expect(error.message).toContain("all of it did not end within 1000 ms; edge 'off → on' was running")
    expect(running.broken).toBe(error)
  })

  test.each([
    ['CALL_CANCELLED', { signal: () => AbortSignal.timeout(hangMs), timeoutMs: undefined }],
    ['CALL_TIMEOUT', { signal: () => undefined, timeoutMs: hangMs }],
  ])('of the caller: %s, and the board can be used afterwards', async (code, { signal, timeoutMs }) => {
    await using simulated = await simulate()
    const { driver, running } = simulated
    await running.to('uboot')
    driver.edgeFaults = ['hangs']
    const error = await failure(running.to('linux', { signal: signal(), timeoutMs }))
    expect(error).toMatchObject({ code, origin: 'test' })
    expect(error.message).toMatch(/^dut\.to\('linux'\) .*; edge 'snapshot' was running$/)
    expect([running.state, running.broken]).toEqual([undefined, undefined])
    await running.to('linux')
    expect(running.state).toBe('linux')
  })

  test('of the test apply where no others are given, and edges have their own', async () => {
    await using simulated = await simulate()
    const { driver, running } = simulated
    await withCallOptions({ signal: undefined, timeoutMs: 60_000 }, () => running.to('uboot'))
    driver.edgeFaults = ['hangs']
    const error = await failure(withCallOptions({ signal: undefined, timeoutMs: hangMs }, () => running.to('linux')))
    expect(error).toMatchObject({ code: 'CALL_TIMEOUT', origin: 'test' })
  })

  test('end a wait for the turn, and nothing else', async () => {
    await using simulated = await simulate()
    const { driver, running } = simulated
    driver.edgeFaults = ['hangs']
    const controller = new AbortController()
    const first = running.to('uboot')
    const second = failure(running.to('linux', { signal: controller.signal }))
    controller.abort(new Error('not needed any more'))
    expect((await second).message).toMatch(/^dut\.to\('linux'\) was cancelled \(not needed any more\); /)
    await first
    expect(running.state).toBe('uboot')
  })
})

test('calls at the same time are done one after another', async () => {
  await using simulated = await simulate()
  const { driver, running } = simulated
  const seen = await Promise.all([
    running.to('linux').then(() => running.state),
    running.to('uboot').then(() => running.state),
    running.identify(),
  ])
  expect(seen).toEqual(['linux', 'uboot', 'uboot'])
  expect(driver.asked).not.toContain('uboot → linux')
})

test('a state that no edges lead to is a mistake of the definition, and does not break the board', async () => {
  await using simulated = await simulate()
  const oneWay = defineBoard({
    drivers: { sim: Simulated },
    states: { off: { check: ({ sim }) => sim.isIn('off') }, on: { check: ({ sim }) => sim.isIn('on') } },
    edges: [{ from: 'on', to: 'off', run: ({ sim }) => sim.move('any', 'off') }],
  })
  const running = oneWay.on(simulated, { name: 'dut' })
  const error = await failure(running.to('on'))
  expect(error).toMatchObject({
    code: 'STATE_UNREACHABLE',
    origin: 'test',
    message: "No edges of 'dut' lead from 'off' to 'on'",
  })
  expect([running.state, running.broken]).toEqual(['off', undefined])
  expect(await failure(running.to('up' as 'on'))).toMatchObject({ code: 'ARGUMENT_INVALID' })
})
