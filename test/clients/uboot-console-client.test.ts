import { expect, test } from 'vitest'

import { UbootConsoleClient } from '../../src/clients/drivers/uboot-console-client.ts'
import { Qemu } from '../../src/drivers/index.ts'
import { Driver, type Implementation, serve } from '../../src/index.ts'
import { UbootConsole } from '../../src/interfaces/index.ts'
import { CompositeDriver } from '../../src/runtime/index.ts'
import { needsUboot } from '../support/qemu-board.ts'

/** The console of a board whose power and serial port are drivers of their own. */
class Uboot extends Driver implements Implementation<typeof UbootConsole> {
  static readonly interface = UbootConsole
  override readonly children: Record<string, Driver>

  constructor({ children: { power, console } }: Qemu) {
    super()
    this.children = { power, serial: console }
  }
  getPrompt() {
    return '\n=>'
  }
}

test('U-Boot is reached through power and serial port', { timeout: 60_000 }, async ({ skip }) => {
  needsUboot(skip)
  const bios = '/usr/lib/u-boot/qemu_arm64/u-boot.bin'
  const board = new Qemu({ arch: 'aarch64', machine: 'virt', cpu: 'cortex-a57', mem: '128M', bios, restrict: true })
  await using lab = await serve(new CompositeDriver({ board, uboot: new Uboot(board) }))
  const console = lab.children['uboot'] as UbootConsoleClient
  expect(console).toBeInstanceOf(UbootConsoleClient)
  expect(await console.prompt()).toBe('=>')
  const uboot = await console.reboot({ offMs: 0 })
  await uboot.setEnv('greeting', 'hello')
  expect(await uboot.getEnv('greeting')).toBe('hello')
  // The board has forgotten the variable, so it was off.
  const again = await console.reboot({ offMs: 0 })
  expect(await again.getEnv('greeting')).toBeUndefined()
  expect(await (await console.shell()).runOrThrow('echo fine')).toBe('fine')
})
