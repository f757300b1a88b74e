import { setTimeout as delay } from 'node:timers/promises'
import { beforeEach, describe, expect, test } from 'vitest'

import { NoyitoPowerClient } from '../../src/clients/drivers/noyito-power-client.ts'
import { describePower } from '../../src/conformance/index.ts'
import { LcusRelay, NoyitoPowerSerial } from '../../src/drivers/index.ts'
import { openLineStream } from '../../src/drivers/serial/open-line.ts'
import { serve } from '../../src/index.ts'
import { needsCommand } from '../support/system-part.ts'
import { startRelayBoard } from './support/relay-board.ts'

const options = { against: 'a model of the board on a pseudo terminal', lacks: { read: 'a relay cannot measure' } }

describePower(
  'NoyitoPowerSerial',
  async () => {
    const board = await startRelayBoard(2)
    return {
      ...board,
      driver: new NoyitoPowerSerial({ port: board.path, channel: 2 }),
      isOn: async () => (await board.settledLevels())[1] === true,
    }
  },
  options,
)

describePower(
  'LcusRelay',
  async () => {
    const board = await startRelayBoard(8)
    const driver = new LcusRelay({ url: board.path, channels: [3, 8], normally_closed: true })
    return {
      ...board,
      driver,
      isOn: async () => (await board.settledLevels())[2] === false && board.levels[7] === false,
    }
  },
  options,
)

describe('a relay board', () => {
  beforeEach(({ skip }) => needsCommand('socat', skip))

  // A pseudo terminal drops what the board has not read when the port is opened anew; a UART sends it before it is closed. So each
  // command waits for the board.
  test('tells the state of its channels', async () => {
    await using board = await startRelayBoard(2)
    await using one = await serve(new NoyitoPowerSerial({ port: board.path }), { client: NoyitoPowerClient })
    await using both = await serve(new NoyitoPowerSerial({ port: board.path, all_channels: true }), {
      client: NoyitoPowerClient,
    })
    const states = async () => [await one.status(), await both.status()]
    expect(await states()).toEqual(['off', 'off'])
    await one.on()
    expect(await board.settledLevels()).toEqual([true, false])
    expect(await states()).toEqual(['on', 'partial'])
    await both.on()
    expect(await board.settledLevels()).toEqual([true, true])
    expect(await states()).toEqual(['on', 'on'])
    await both.off()
    expect(await board.settledLevels()).toEqual([false, false])
    expect(board.garbage).toEqual([])
  })

  test('has the state of the power where a device is wired to the closed contact', async () => {
    await using board = await startRelayBoard(1)
    await using power = await serve(new LcusRelay({ url: board.path, normally_closed: true }), {
      client: NoyitoPowerClient,
    })
    expect(await power.status()).toBe('on')
    await power.off()
    expect(await board.settledLevels()).toEqual([true])
    expect(await power.status()).toBe('off')
  })

  test('serves the channels of several drivers at once', async () => {
    await using board = await startRelayBoard(4)
    const numbers = [1, 2, 3, 4]
    const relays = await Promise.all(
      numbers.map((channel) =>
        serve(new LcusRelay({ url: board.path, channels: [channel] }), { client: NoyitoPowerClient }),
      ),
    )
    const states = Promise.all(relays.map((relay) => relay.status()))
    await Promise.all(relays.map((relay) => relay.off()))
    expect(await states).toEqual(numbers.map(() => 'off'))
    for (const [index, relay] of relays.entries()) {
      await relay.on()
      expect(await board.settledLevels()).toEqual(numbers.map((_, other) => other <= index))
    }
    await Promise.all(relays.map((relay) => relay[Symbol.asyncDispose]()))
    expect(board.garbage).toEqual([])
  })

  test('that another program has open is waited for', async () => {
    await using board = await startRelayBoard(1)
    await using power = await serve(new LcusRelay({ url: board.path }), { client: NoyitoPowerClient })
    const other = await openLineStream({ url: board.path })
    const switched = power.on()
    await other.close()
    await switched
    expect(await board.settledLevels()).toEqual([true])
  })

  test('that does not tell its state is told of, and can be switched', async () => {
    await using board = await startRelayBoard(1, { tellsState: false })
    await using power = await serve(new LcusRelay({ url: board.path }), { client: NoyitoPowerClient })
    await expect(power.status()).rejects.toMatchObject({
      code: 'RESULT_INVALID',
      message: expect.stringContaining(`${board.path} answers nothing to the question for the state of channel 1`),
    })
    await power.on()
    await expect.poll(() => board.levels, { timeout: 15_000 }).toEqual([true])
  })

  test('that is pulled out while it is asked is an error of the lab', async () => {
    await using board = await startRelayBoard(1, { tellsState: false })
    await using power = await serve(new LcusRelay({ url: board.path }), { client: NoyitoPowerClient })
    const asked = power.status().catch((error: unknown) => error)
    await delay(200)
    await board.interrupt()
    expect(await asked).toMatchObject({ code: 'DEVICE_IO', origin: 'lab' })
    await board.restore()
    await power.on()
  })

  test('is looked for by check, which does not open it', async () => {
    await using board = await startRelayBoard(1)
    await expect(LcusRelay.check({ url: board.path })).resolves.toEqual([{ name: board.path, isMet: true }])
    await expect(NoyitoPowerSerial.check({ port: '/dev/ttyNOWHERE' })).resolves.toMatchObject([
      { name: '/dev/ttyNOWHERE', isMet: false, found: 'does not exist' },
    ])
  })
})
