import { expect, test } from 'vitest'

import { PowerClient } from '../../src/clients/index.ts'
import { describePower } from '../../src/conformance/index.ts'
import { UhubctlPower, type UhubctlPowerConfig } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { playUhubctl } from './support/fake-uhubctl.ts'

// Output as users of uhubctl have published it, with the heads of version 2.5: USB 2, and the two halves of a USB 3 hub.
const usb2 = {
  off: `Current status for hub 20-1 [2109:2811 VIA Labs, Inc. USB2.0 Hub, USB 2.10, 4 ports, ppps]
  Port 4: 0103 power enable connect [0000:0000]
Sent power off request
New status for hub 20-1 [2109:2811 VIA Labs, Inc. USB2.0 Hub, USB 2.10, 4 ports, ppps]
  Port 4: 0000 off
`,
  on: `Current status for hub 20-1 [2109:2811 VIA Labs, Inc. USB2.0 Hub, USB 2.10, 4 ports, ppps]
  Port 4: 0000 off
Sent power on request
New status for hub 20-1 [2109:2811 VIA Labs, Inc. USB2.0 Hub, USB 2.10, 4 ports, ppps]
  Port 4: 0101 power connect []
`,
}
const usb3 = `Current status for hub 2-1.3 [2109:0822 VIA Labs, Inc. USB3.1 Hub, USB 3.20, 4 ports, ppps]
  Port 1: 02a0 power 5gbps Rx.Detect
Sent power off request
New status for hub 2-1.3 [2109:0822 VIA Labs, Inc. USB3.1 Hub, USB 3.20, 4 ports, ppps]
  Port 1: 00a0 off
Current status for hub 1-1.3 [2109:2822 VIA Labs, Inc. USB2.0 Hub, USB 2.10, 4 ports, ppps]
  Port 1: 0103 power enable connect [04d9:0296 USB power switch]
Sent power off request
New status for hub 1-1.3 [2109:2822 VIA Labs, Inc. USB2.0 Hub, USB 2.10, 4 ports, ppps]
  Port 1: 0000 off
`
const missing = 'No compatible devices detected at location 1-1!\nRun with -h to get usage info.\n'

const servePower = (config: UhubctlPowerConfig) => serve(new UhubctlPower(config), { client: PowerClient })

test('switches a port', async () => {
  await using uhubctl = await playUhubctl({
    '-l 20-1 -p 4 -a off': { stdout: usb2.off },
    '-l 20-1 -p 4 -a on': { stdout: usb2.on },
  })
  await using power = await servePower({ location: '20-1', port: 4 })
  await power.off()
  await power.on()
  expect(await uhubctl.calls()).toEqual(['-l 20-1 -p 4 -a off', '-l 20-1 -p 4 -a on'])
  await expect(Array.fromAsync(power.read())).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
})

test('switches both halves of a USB 3 hub, and notices one that stays on', async () => {
  const stuck = usb3.replace('Port 1: 00a0 off', 'Port 1: 02a0 power 5gbps Rx.Detect')
  await using _ = await playUhubctl({
    '-l 1-1.3 -p 1 -a off': { stdout: usb3 },
    '-l 1-1.3 -p 1 -a off -e -r 5': { stdout: stuck },
  })
  await using power = await servePower({ location: '1-1.3', port: 1 })
  await power.off()
  await using repeated = await servePower({ location: '1-1.3', port: 1, exact: true, repeat: 5 })
  await expect(repeated.off()).rejects.toMatchObject({
    code: 'DEVICE_IO',
    origin: 'board',
    message: expect.stringContaining('Port 1 of the hub at 2-1.3 is still on after power off'),
  })
})

test('a hub or a port that is missing is a mistake of the lab', async () => {
  await using _ = await playUhubctl({
    '-l 1-1 -p 1 -a on': { stderr: missing, exitCode: 1 },
    '-l 20-1 -p 9 -a on': { stdout: usb2.on.replaceAll(/^ .*\n/gm, '') },
  })
  await using power = await servePower({ location: '1-1', port: 1 })
  await expect(power.on()).rejects.toMatchObject({
    code: 'DEVICE_IO',
    origin: 'lab',
    message: expect.stringMatching(/uhubctl failed: No compatible devices detected at location 1-1!$/),
  })
  await using other = await servePower({ location: '20-1', port: 9 })
  await expect(other.on()).rejects.toMatchObject({
    origin: 'lab',
    message: expect.stringContaining('The hub at 20-1 has no port 9'),
  })
})

test('check asks for the version', async () => {
  await using _ = await playUhubctl({ '--version': { stdout: '2.5.0-1\n' } })
  const config = { location: '1-1', port: 1 }
  expect(await UhubctlPower.check(config, {})).toEqual([{ name: 'the program uhubctl', isMet: true, found: '2.5.0-1' }])
})

describePower('UhubctlPower', createTested, {
  against: 'recorded output of uhubctl 2.5, without a hub',
  lacks: { read: 'a port of a USB hub cannot be measured', interrupt: 'there is no hub to be unplugged' },
})

async function createTested() {
  const uhubctl = await playUhubctl({
    '-l 20-1 -p 4 -a off': { stdout: usb2.off },
    '-l 20-1 -p 4 -a on': { stdout: usb2.on },
  })
  return {
    driver: new UhubctlPower({ location: '20-1', port: 4 }),
    isOn: async () => (await uhubctl.calls()).at(-1)?.endsWith('on') === true,
    [Symbol.asyncDispose]: () => uhubctl[Symbol.asyncDispose](),
  }
}
