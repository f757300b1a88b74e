import { expect, test } from 'vitest'

import { stateAfter } from '../../../src/drivers/can/socketcan/error-frame.ts'
import { Can } from '../../../src/drivers/index.ts'
import { CanClient } from '../../../src/clients/drivers/can-client.ts'
import { serve } from '../../../src/serve.ts'

test('an interface that is not there is an error of the lab, which says so', async () => {
  await using can = await serve(new Can({ interface: 'socketcan', channel: 'nocan7' }), { client: CanClient })
  await expect(can.send({ id: 1 })).rejects.toMatchObject({
    code: 'DEVICE_IO',
    origin: 'lab',
    message: expect.stringContaining('there is no network interface nocan7 for CAN; this machine has '),
  })
  // A network interface of another kind.
  expect(await Can.check({ interface: 'socketcan', channel: 'lo' })).toMatchObject([
    {
      name: 'the CAN interface lo',
      isMet: false,
      found: expect.stringContaining('there is no network interface lo for CAN'),
      cure: expect.stringContaining('ip link add dev vcan0 type vcan'),
    },
  ])
})

test('settings of the network interface are mistakes of the config', () => {
  expect(() => new Can({ interface: 'socketcan', channel: 'can0', bitrate: 500_000, listen_only: true })).toThrow(
    /bitrate is a setting of the network interface.*leave it out[\s\S]*listen_only is a setting/,
  )
})

test.each([
  ['bus off', 0x40, [0, 0], 3],
  ['error passive, by what was received', 0x04, [0, 0x10], 2],
  ['error passive, by what was sent', 0x04, [0, 0x20], 2],
  ['active again', 0x04, [0, 0x40], 1],
  ['restarted', 0x100, [], 1],
  ['a warning', 0x04, [0, 0x08], undefined],
  ['lost arbitration', 0x02, [5], undefined],
])('an error report of the kernel says the state: %s', (_name, id, data, state) => {
  expect(stateAfter({ id, data: Buffer.from(data) })).toBe(state)
})
