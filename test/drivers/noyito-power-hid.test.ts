import { expect, test } from 'vitest'

import { NoyitoPowerClient } from '../../src/clients/drivers/noyito-power-client.ts'
import { NoyitoPowerHID } from '../../src/drivers/index.ts'
import { readStates, relayCommand } from '../../src/drivers/serial-relay/relay-protocol.ts'
import { serve } from '../../src/index.ts'

/** Numbers that no USB device has: vendor 0xdead is not assigned. */
const nowhere = { vendor_id: 0xdead, product_id: 0xbeef }

test.each([
  [1, 1, 'a00101a2'],
  [8, 0, 'a00800a8'],
  [0x0f, 2, 'a00f02b1'],
  [0x60, 1, 'a0600101'],
])('the command for channel %i and level %i has its checksum', (channel, level, hex) => {
  expect(Buffer.from(relayCommand(channel, level)).toString('hex')).toBe(hex)
})

test('the states are known when the line of each channel has ended', () => {
  const text = 'CH1: ON \r\nCH2:OFF\r\nCH12:ON\r\n'
  expect(readStates(text, [1, 2])).toEqual([true, false])
  for (let length = 0; length < text.indexOf('OFF') + 3; length++) {
    expect(readStates(text.slice(0, length), [1, 2])).toBeUndefined()
  }
  expect(readStates(text, [3])).toBeUndefined()
})

test.each([
  [{ num_channels: 6 }, 'num_channels is 6; it has to be 4 or 8'],
  [{ channel: 5 }, 'channel is 5; the board has 4 channels'],
  [
    { channel: 9, vendor_id: '5131', serial: 1 },
    /vendor_id is "5131"; .* 65535; channel is 9; .* 1 to 8; serial is an unknown key; known keys: vendor_id, product_id, path/,
  ],
])('%j is refused', (config, message) => {
  expect(() => new NoyitoPowerHID(config as never)).toThrow(message)
})

test('all channels, and the last one of a large board, need no more than the config', () => {
  expect(() => [
    new NoyitoPowerHID(),
    new NoyitoPowerHID({ all_channels: true, channel: 7 }),
    new NoyitoPowerHID({ num_channels: 8, channel: 8 }),
  ]).not.toThrow()
})

test('a board that is not attached is a failure of the lab', async () => {
  await using power = await serve(new NoyitoPowerHID(nowhere), { client: NoyitoPowerClient })
  for (const call of [() => power.on(), () => power.status()]) {
    await expect(call()).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'lab',
      message: expect.stringContaining('No USB device dead:beef is attached'),
    })
  }
  expect(await NoyitoPowerHID.check(nowhere)).toEqual([
    { name: 'the package node-hid', isMet: true },
    {
      name: 'the relay board',
      isMet: false,
      found: 'No USB device dead:beef is attached',
      cure: 'connect the board, or correct vendor_id and product_id',
    },
  ])
})
