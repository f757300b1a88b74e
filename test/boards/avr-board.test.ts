import { afterEach, beforeEach, expect, test } from 'vitest'

import {
  CompositeClient,
  DigitalInputClient,
  FlasherClient,
  SerialClient,
  VirtualPowerClient,
} from '../../src/clients/index.ts'
import { AvrBoard } from '../../src/drivers/index.ts'
import { type ClientsOf, defineBoard, serve } from '../../src/index.ts'

const firmware = new URL('../../examples/microcontroller/firmware/firmware.hex', import.meta.url)

/** The time to wait for a silent firmware, in milliseconds. Its answers take a few. */
const silenceMs = 1_500

const drivers = {
  power: VirtualPowerClient,
  console: SerialClient,
  flasher: FlasherClient,
  gpio: { D13: DigitalInputClient },
}

/** @returns true if the firmware answers */
async function answers({ console }: ClientsOf<typeof drivers>) {
  await console.sendLine('sum 40 2')
  await console.expect('\r\n42\r\n> ')
  return true
}

/** A simulated Arduino Uno with the firmware of the example: its prompt, and its LED. */
const uno = defineBoard({
  drivers,
  states: {
    dark: { timeoutMs: silenceMs, check: async (clients) => !(await clients.gpio.D13.read()) && answers(clients) },
    lit: { timeoutMs: silenceMs, check: async (clients) => (await clients.gpio.D13.read()) && answers(clients) },
  },
  edges: [
    {
      from: 'any',
      to: 'dark',
      run: async ({ power, console }) => {
        await power.cycle({ offMs: 0 })
        await console.expect(/demo firmware \d/)
        await console.expect('> ')
      },
    },
    {
      from: 'dark',
      to: 'lit',
      costMs: 10,
      run: async ({ console, gpio }) => {
        await console.sendLine('led on')
        await gpio.D13.waitForActive()
        await console.expect('> ')
      },
    },
  ],
})

let board: CompositeClient & AsyncDisposable
let clients: ClientsOf<typeof drivers>
beforeEach(async () => {
  board = await serve(new AvrBoard({ speed: 'maximum' }), { client: CompositeClient })
  const { power, console, flasher, gpio } = board.children
  clients = { power, console, flasher, gpio: { D13: gpio?.children['D13'] } } as typeof clients
  await clients.console.attach()
})
afterEach(() => board[Symbol.asyncDispose]())

test('a board is brought to a state, on its real console and pins', { timeout: 60_000 }, async () => {
  await clients.flasher.flash(firmware)
  const running = uno.on(clients, { name: 'uno' })
  expect(await running.identify(), 'it is off').toBeUndefined()
  await running.to('lit')
  expect(await clients.gpio.D13.read()).toBe(true)
  // The only edge back goes through the power switch.
  await running.to('dark')
  expect(await clients.gpio.D13.read()).toBe(false)

  await running.to('lit')
  await clients.power.off()
  await running.to('lit')
  expect(running.state).toBe('lit')
  expect(clients.console.all.match(/demo firmware/g)).toHaveLength(3)
})

test(
  'a board without firmware is given up, and the error shows what its console has printed',
  { timeout: 60_000 },
  async () => {
    const impatient = defineBoard({
      drivers,
      states: { dark: { check: answers, timeoutMs: silenceMs } },
      edges: [
        {
          from: 'any',
          to: 'dark',
          run: async ({ power, console }) => {
            await power.cycle({ offMs: 0 })
            await console.expect('> ', { timeoutMs: silenceMs })
          },
        },
      ],
    })
    await expect(impatient.on(clients, { name: 'uno' }).to('dark')).rejects.toMatchObject({
      code: 'BOARD_BROKEN',
      message: expect.stringMatching(/edge 'any → dark' failed after \d+ ms: Console console did not print "> "/),
    })
  },
)
