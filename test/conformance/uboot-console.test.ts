import { assert, expect, test } from 'vitest'

import { UbootConsoleClient } from '../../src/clients/drivers/uboot-console-client.ts'
import { describeDriver, describePower, describeSerial } from '../../src/conformance/index.ts'
import { serve } from '../../src/index.ts'
import { UbootConsole } from '../../src/interfaces/index.ts'
import { missingUboot, needsUboot } from '../support/qemu-board.ts'
import { buildExporter } from './support/build-exporter.ts'

const board = `
  board:
    type: jumpstarter_driver_qemu.driver.Qemu
    config:
      { arch: aarch64, machine: virt, cpu: cortex-a57, mem: 128M, bios: /usr/lib/u-boot/qemu_arm64/u-boot.bin, restrict: true }`

const createLab = () =>
  buildExporter(`export:${board}
  uboot:
    type: jumpstarter_driver_uboot.driver.UbootConsole
    children: { power: { ref: board.power }, serial: { ref: board.console } }`)

const createTested = async () => ({ driver: await createLab() })
const qemu = { against: 'U-Boot in QEMU, 64-bit Arm', skip: missingUboot() }
const interrupt = 'the driver of the board starts and ends QEMU'

describeDriver('UbootConsole', createTested, {
  ...qemu,
  path: 'uboot',
  kind: 'U-Boot console',
  interface: UbootConsole,
  client: UbootConsoleClient,
  async use(console) {
    await console.power.on()
    const uboot = await console.shell()
    assert.equal(await uboot.runOrThrow('echo fine'), 'fine')
  },
  // Two tests cannot type at one console.
  usesAtOnce: 1,
  lacks: { interrupt },
})

describePower('UbootConsole', createTested, {
  ...qemu,
  path: 'uboot.power',
  lacks: { interrupt, read: 'a simulated board draws no current' },
})

describeSerial('UbootConsole', createTested, {
  ...qemu,
  path: 'uboot.serial',
  lacks: { interrupt, echo: 'U-Boot echoes what it reads as a command line' },
})

test('U-Boot is reached through power and serial port', async ({ skip }) => {
  needsUboot(skip)
  await using lab = await serve(await createLab())
  const console = lab.children['uboot'] as UbootConsoleClient
  expect(console).toBeInstanceOf(UbootConsoleClient)
  expect(await console.call('getPrompt')).toBe('\n=>')
  expect(await console.prompt()).toBe('=>')
  const uboot = await console.reboot({ offMs: 0 })
  await uboot.setEnv('greeting', 'hello')
  expect(await uboot.getEnv('greeting')).toBe('hello')
  // The board has forgotten the variable, so it was off.
  const again = await console.reboot({ offMs: 0 })
  expect(await again.getEnv('greeting')).toBeUndefined()
  expect(await (await console.shell()).runOrThrow('echo fine')).toBe('fine')
})

test('the prompt of the config is that of the client', async () => {
  const root = await buildExporter(`export:
  uboot:
    type: jumpstarter_driver_uboot.driver.UbootConsole
    config: { prompt: "\\nMyBoard>" }
    children:
      power: { type: jumpstarter_driver_power.driver.MockPower }
      serial: { type: jumpstarter_driver_pyserial.driver.PySerial, config: { url: loop:// } }`)
  await using lab = await serve(root)
  expect(await (lab.children['uboot'] as UbootConsoleClient).prompt()).toBe('MyBoard>')
})

test('a file without power or serial port, or with other mistakes, says all of them', async () => {
  const type = 'type: jumpstarter_driver_uboot.driver.UbootConsole'
  const mistakes = buildExporter(`export:
  one: { ${type}, config: { prompt: 7, baud: 9600 } }
  two: { ${type}, children: { power: { type: jumpstarter_driver_power.driver.MockPower } } }`)
  await expect(mistakes).rejects.toMatchObject({
    code: 'EXPORTER_CONFIG_INVALID',
    message: expect.stringMatching(
      new RegExp(
        [
          'export.one.config.prompt .line 5. is 7; it has to be a text',
          'export.one.config.baud .line 5. is an unknown key; known keys: prompt',
          'export.one.children .line 5. has no power and no serial, which UbootConsoleDriver needs',
          'export.two.children .line 6. has no serial, which UbootConsoleDriver needs; .* such as serial: { ref: … }',
        ].join('[^]*'),
      ),
    ),
  })
})
