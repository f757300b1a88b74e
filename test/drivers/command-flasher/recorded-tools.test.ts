import { expect, test } from 'vitest'

import { FlasherClient } from '../../../src/clients/index.ts'
import { recipes } from '../../../src/drivers/command-flasher/recipes.ts'
import { CommandFlasher, type CommandFlasherConfig } from '../../../src/drivers/index.ts'
import { uf2Format } from '../../../src/drivers/rp2040-board/uf2.ts'
import { serve } from '../../../src/index.ts'
import { recordPrograms } from '../../support/recording-programs.ts'
import { needsCommand } from '../../support/system-part.ts'

const elf = Buffer.from('\x7fELF'.padEnd(64, '\0'))
const hex = Buffer.from(':0400000001020304F2\n:00000001FF\n')
const raw = Buffer.alloc(64)
const uf2 = Buffer.from(await uf2Format.read(Buffer.alloc(256)))

const file = expect.stringMatching(/\/image\.(?:bin|hex|elf|uf2)$/)

interface Row {
  readonly config: CommandFlasherConfig
  readonly image: Buffer
  /** The lines of the tool, which are those of its source. */
  readonly prints?: string
  /** The arguments of each run after that for the version. */
  readonly runs: readonly (readonly unknown[])[]
}

const verifyOptions = 'chip_erase_mode=ERASE_RANGES_TOUCHED_BY_FIRMWARE,verify=VERIFY_READ'
const memory = '@Internal Flash'

const rows: readonly Row[] = [
  {
    config: { tool: 'dfu-util', chip: '0483:df11', id: '3276', address: '0x08000000' },
    image: raw,
    prints: 'File downloaded successfully',
    runs: [['-d', '0483:df11', '-S', '3276', '-a', '0', '-s', '0x08000000:leave', '-D', file]],
  },
  {
    config: { tool: 'dfu-util', chip: '1d50:6018', partition: memory },
    image: raw,
    prints: 'Download done.',
    runs: [['-d', '1d50:6018', '-a', memory, '-R', '-D', file]],
  },
  {
    config: { tool: 'openocd', scripts: ['interface/cmsis-dap.cfg', 'target/stm32f1x.cfg'], id: 'a b[exit]' },
    image: hex,
    prints: '** Verified OK **',
    runs: [
      [
        ...[
          '-f',
          'interface/cmsis-dap.cfg',
          '-f',
          'target/stm32f1x.cfg',
          '-c',
          String.raw`adapter serial a\ b\[exit\]`,
        ],
        ...['-c', expect.stringMatching(/^program \S+\/image\.hex verify reset exit$/)],
      ],
    ],
  },
  {
    config: { tool: 'probe-rs', chip: 'nRF52840_xxAA', id: '1366:1015:000683' },
    image: elf,
    runs: [
      [
        ...['download', '--non-interactive', '--chip', 'nRF52840_xxAA', '--probe', '1366:1015:000683', '--verify'],
        ...['--binary-format', 'elf', file],
      ],
      ['reset', '--non-interactive', '--chip', 'nRF52840_xxAA', '--probe', '1366:1015:000683'],
    ],
  },
  {
    config: { tool: 'probe-rs', chip: 'STM32F103C8', address: '0x08000000', leave: [] },
    image: raw,
    runs: [
      [
        ...['download', '--non-interactive', '--chip', 'STM32F103C8', '--verify', '--binary-format', 'bin'],
        ...['--base-address', '0x08000000', file],
      ],
    ],
  },
  {
    config: { tool: 'picotool', id: 'E66038B713' },
    image: uf2,
    runs: [['load', '-v', '-x', file, '--ser', 'E66038B713']],
  },
  {
    config: { tool: 'fastboot', chip: 'db845c', partition: 'boot', id: 'c4e1' },
    image: raw,
    prints: 'product: db845c',
    runs: [
      ['-s', 'c4e1', 'getvar', 'product'],
      ['-s', 'c4e1', 'flash', 'boot', file],
      ['-s', 'c4e1', 'reboot'],
    ],
  },
  {
    config: { tool: 'nrfutil', id: '683456789', leave: [] },
    image: hex,
    runs: [[...['device', 'program', '--serial-number', '683456789', '--firmware', file, '--options', verifyOptions]]],
  },
]

const flash = async (config: CommandFlasherConfig, image: Buffer) => {
  await using client = await serve(new CommandFlasher(config), { client: FlasherClient })
  await client.flash(image)
}

test.for(rows)('$config.tool gets its arguments ($config.chip $config.id)', async ({ config, image, prints, runs }) => {
  const { program } = recipes[config.tool]
  await using programs = await recordPrograms([program], { prints })
  await flash(config, image)
  expect((await programs.allArguments(program)).slice(1)).toEqual(runs)
})

test.each([
  [{ tool: 'openocd', scripts: ['a.cfg'] }, hex, '** Programming Started **', 'ended without the words of a success'],
  [{ tool: 'dfu-util', chip: '0483:df11' }, raw, 'Download\t[====', 'ended without the words of a success'],
] as const)('%o does not succeed without the words of a success', async (config, image, prints, message) => {
  const { program } = recipes[config.tool]
  await using programs = await recordPrograms([program], { prints })
  await expect(flash(config, image)).rejects.toMatchObject({
    code: 'DEVICE_IO',
    message: expect.stringContaining(message),
  })
  expect(await programs.allArguments(program)).toHaveLength(2)
})

test('another product is a wrong board, and nothing is written', async () => {
  await using programs = await recordPrograms(['fastboot'], { prints: 'product: sargo' })
  await expect(flash({ tool: 'fastboot', chip: 'db845c', partition: 'boot' }, raw)).rejects.toMatchObject({
    code: 'WRONG_BOARD',
    details: { expected: 'db845c', found: 'sargo' },
  })
  expect(await programs.lastArguments('fastboot')).toEqual(['getvar', 'product'])
})

test.each([
  'Warn : UNEXPECTED idcode: 0x2ba01477\nError: expected 1 of 1: 0x1ba01477',
  'Warn : JTAG tap: a.cpu       UNEXPECTED: 0x2ba01477 (mfg: 0x23b)\nError: JTAG tap: a.cpu  expected 1 of 1: 0x1ba01477',
])('another chip is a wrong board for OpenOCD, too: %s', async (prints) => {
  await using programs = await recordPrograms(['openocd'], { prints })
  await expect(flash({ tool: 'openocd', scripts: ['a.cfg'] }, hex)).rejects.toMatchObject({
    code: 'WRONG_BOARD',
    details: { expected: '0x1ba01477', found: '0x2ba01477' },
  })
  expect(await programs.allArguments('openocd')).toHaveLength(2)
})

test('dfu-util itself finds no board', async ({ skip }) => {
  needsCommand('dfu-util', skip)
  await expect(flash({ tool: 'dfu-util', chip: 'ffff:fff0' }, raw)).rejects.toMatchObject({
    code: 'DEVICE_IO',
    origin: 'board',
    message: expect.stringContaining('dfu-util: no board with this USB id and serial number is in its loader'),
  })
})

test('OpenOCD itself finds no probe, and no script', async ({ skip }) => {
  needsCommand('openocd', skip)
  const scripts = ['interface/cmsis-dap.cfg', 'target/stm32f1x.cfg']
  await expect(flash({ tool: 'openocd', scripts, id: 'none' }, hex)).rejects.toMatchObject({
    code: 'DEVICE_IO',
    origin: 'lab',
    message: expect.stringContaining('openocd: the debug probe is not there'),
  })
  await expect(flash({ tool: 'openocd', scripts: ['none.cfg'] }, hex)).rejects.toMatchObject({
    code: 'EXPORTER_CONFIG_INVALID',
  })
})

test('fastboot itself waits for a board until the limit', async ({ skip }) => {
  needsCommand('fastboot', skip)
  const config = { tool: 'fastboot', chip: 'db845c', partition: 'boot', id: 'none', timeout: 3 } as const
  await expect(flash(config, raw)).rejects.toMatchObject({ code: 'CALL_TIMEOUT', origin: 'board' })
})
