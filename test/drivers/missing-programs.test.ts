import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

import { FlasherClient, PowerClient, SerialClient, ShellClient } from '../../src/clients/index.ts'
import {
  CommandFlasher,
  type CommandFlasherConfig,
  CommandPower,
  IpmiPower,
  PySerial,
  Qemu,
  ShellDriver,
  UhubctlPower,
} from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { recipes } from '../../src/drivers/command-flasher/recipes.ts'
import { toUf2 } from '../../src/drivers/rp2040-board/uf2.ts'
import { arduinoFirmware } from '../support/loaders/arduino.ts'
import { createPtyPair } from '../support/pty-pair.ts'
import { recordPrograms } from '../support/recording-programs.ts'
import { needsCommand } from '../support/system-part.ts'

const drivers = fileURLToPath(new URL('../../src/drivers/', import.meta.url))

/** A driver that runs a program. */
interface Row {
  readonly name: string
  /** The file that runs it. */
  readonly file: string
  /** The program, and how to install it. */
  readonly message: string
  readonly use: () => Promise<unknown>
}

/** The smallest config for each tool of CommandFlasher. */
const flashers: Readonly<Record<CommandFlasherConfig['tool'], Omit<CommandFlasherConfig, 'tool'>>> = {
  avrdude: { programmer: 'arduino', chip: 'm328p', port: '/dev/null' },
  'dfu-util': { chip: '0483:df11' },
  esptool: { chip: 'esp32', port: '/dev/null', address: '0x10000' },
  fastboot: { chip: 'db845c', partition: 'boot' },
  nrfutil: { id: '683456789' },
  openocd: { scripts: ['board/st_nucleo_f4.cfg'] },
  picotool: {},
  'probe-rs': { chip: 'nRF52840_xxAA' },
  stm32flash: { chip: '0x410', port: '/dev/null' },
  uf2: { chip: 'RPI-RP2', folder: '/dev' },
}

/** The images for tools that do not take every byte. */
const flashImages: Readonly<Partial<Record<CommandFlasherConfig['tool'], Uint8Array>>> = {
  avrdude: arduinoFirmware,
  nrfutil: arduinoFirmware,
  openocd: arduinoFirmware,
  picotool: toUf2(Buffer.alloc(256)),
  uf2: toUf2(Buffer.alloc(256)),
}

async function switchOn(driver: CommandPower | IpmiPower | UhubctlPower): Promise<void> {
  await using power = await serve(driver, { client: PowerClient })
  await power.on()
}

const rows: readonly Row[] = [
  ...Object.entries(flashers).map(([name, config]): Row => {
    const tool = name as CommandFlasherConfig['tool']
    return {
      name: `CommandFlasher with ${tool}`,
      file: 'command-flasher/tool.ts',
      message: `${recipes[tool].program} is not installed: ${recipes[tool].install}`,
      async use() {
        await using flasher = await serve(new CommandFlasher({ tool, ...config }), { client: FlasherClient })
        await flasher.flash(flashImages[tool] ?? Buffer.alloc(16))
      },
    }
  }),
  {
    name: 'CommandPower',
    file: 'command-power/command-power.ts',
    message: 'relayctl is not installed: install it, or add its folder to PATH',
    async use() {
      const config = { power_on: ['relayctl', 'on'], power_off: ['relayctl', 'off'] } as const
      await switchOn(new CommandPower(config))
    },
  },
  {
    name: 'IpmiPower',
    file: 'ipmi-power/ipmi-power.ts',
    message: 'ipmitool is not installed: apt install ipmitool',
    async use() {
      const config = { host: '127.0.0.1', username: 'admin', password: 'secret' }
      await switchOn(new IpmiPower(config))
    },
  },
  {
    name: 'UhubctlPower',
    file: 'uhubctl-power/uhubctl-power.ts',
    message: 'uhubctl is not installed: apt install uhubctl',
    async use() {
      await switchOn(new UhubctlPower({ location: '1-1', port: 1 }))
    },
  },
  {
    name: 'ShellDriver',
    file: 'shell/command.ts',
    message: 'bash is not installed: install it, or name another one in `shell`',
    async use() {
      await using shell = await serve(new ShellDriver({ methods: { hello: 'echo hello' } }), { client: ShellClient })
      await shell.run('hello')
    },
  },
  {
    name: 'Qemu',
    file: 'qemu/process.ts',
    message: 'qemu-system-aarch64 is not installed: apt install qemu-system-arm',
    async use() {
      await using board = await serve(new Qemu({ arch: 'aarch64' }))
      await board.power.on()
    },
  },
  {
    name: 'Qemu with a disk',
    file: 'qemu/image-file.ts',
    message: 'qemu-img is not installed: apt install qemu-utils',
    async use() {
      await using board = await serve(new Qemu({ arch: 'aarch64', disk_size: '1M' }))
      await board.power.on()
    },
  },
]

test.each(rows)('$name says which program is missing, and how to install it', async ({ message, use }) => {
  await using _ = await recordPrograms([], { alone: true })
  await expect(use()).rejects.toMatchObject({
    code: 'PROGRAM_MISSING',
    origin: 'lab',
    message: expect.stringContaining(`The program ${message}`),
  })
})

test('PySerial works without stty, which only disable_hupcl needs, and says what is missing', async ({ skip }) => {
  needsCommand('socat', skip)
  await using pair = await createPtyPair()
  await using _ = await recordPrograms([], { alone: true })
  const driver = new PySerial({ url: pair.port, disable_hupcl: true })
  await using serial = await serve(driver, { client: SerialClient })
  const log: string[] = []
  driver.logger.connect(({ message }) => log.push(message))
  await serial.connect()
  expect(log.join('\n')).toContain('The program stty is not installed: apt install coreutils')
})

test('no other driver runs a program', () => {
  const runs = /\brunProgram\(|\bProcessGroup\.start\(|from 'node:child_process'/
  const files = globSync('**/*.ts', { cwd: drivers }).filter((file) => runs.test(readFileSync(drivers + file, 'utf8')))
  // A missing stty is no failure, and the flasher only lends `runProgram` to its tool.
  const others = ['serial/device-line.ts', 'command-flasher/command-flasher.ts']
  expect(new Set(files)).toEqual(new Set([...rows.map(({ file }) => file), ...others]))
})
