import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { afterEach, expect, test } from 'vitest'

import { FlasherClient, PowerClient, SerialClient, ShellClient } from '../../src/clients/index.ts'
import {
  CommandFlasher,
  CommandPower,
  IpmiPower,
  PySerial,
  Qemu,
  ShellDriver,
  UhubctlPower,
} from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { arduinoFirmware } from '../support/loaders/arduino.ts'
import { createPtyPair } from '../support/pty-pair.ts'
import { recordPrograms } from '../support/recording-programs.ts'
import { needsCommand } from '../support/system-part.ts'

/** A file in the folder of this process that a value would make if a shell read it. */
const made = `made-${randomUUID()}`

/** Values that mean something to a shell, or to a program that reads its arguments. */
const values = [
  `$(touch ${made})`,
  `\`touch ${made}\``,
  `; touch ${made}`,
  `| touch ${made}`,
  `& touch ${made} &`,
  `"; touch ${made}; "`,
  `'; touch ${made}; '`,
  `line\ntouch ${made}\n`,
  `> ${made}`,
  ...['-rf', '--version', '-', '*', '~', '$HOME', '%s', '\\', '!!', 'é', ' '],
] as const

afterEach(() => {
  if (existsSync(resolve(made))) throw new Error('a shell has run a value')
})

test('CommandPower: the arguments of the config', async () => {
  await using programs = await recordPrograms(['relayctl'])
  const config = { power_on: ['relayctl', ...values], power_off: ['relayctl'] } as const
  await using power = await serve(new CommandPower(config), { client: PowerClient })
  await power.on()
  expect(await programs.lastArguments('relayctl')).toEqual(values)
})

test("ShellDriver: a command's name, and the arguments and variables of a client", async () => {
  await using programs = await recordPrograms(['note'])
  for (const value of values) {
    const driver = new ShellDriver({ methods: { [value]: 'note "$0" "$VALUE" "$@"' } })
    await using shell = await serve(driver, { client: ShellClient })
    await shell.run(value, { args: [...values], env: { VALUE: value } })
    expect(await programs.lastArguments('note')).toEqual([value, value, ...values])
  }
})

test('IpmiPower: the address, the user, the file of the password, and the sensors', async () => {
  await using programs = await recordPrograms(['ipmitool'])
  for (const value of values) {
    const config = { host: value, username: value, password_file: value, voltage_sensor: value, current_sensor: value }
    await using power = await serve(new IpmiPower(config), { client: PowerClient })
    // The program prints no measurement.
    await expect(power.read().next()).rejects.toMatchObject({ code: 'RESULT_INVALID' })
    const connection = ['-I', 'lanplus', '-H', value, '-p', '623', '-U', value, '-f', value]
    expect(await programs.lastArguments('ipmitool')).toEqual([...connection, '-c', 'sdr', 'get', value, value])
  }
})

test('UhubctlPower and Qemu: what is no location of a hub, and no architecture, is refused', () => {
  for (const value of values) {
    expect(() => new UhubctlPower({ location: value, port: 1 })).toThrow(/^location is /)
    expect(() => new Qemu({ arch: value })).toThrow(/^arch is /)
  }
})

test('CommandFlasher: the texts of the config', async () => {
  await using programs = await recordPrograms(['avrdude', 'esptool', 'stm32flash'])
  const options = values.filter((value) => value.startsWith('-'))
  const textsOf = (value: string) => ({ port: value, chip: value, programmer: value })
  for (const value of options) {
    const create = () => new CommandFlasher({ tool: 'avrdude', ...textsOf(value) })
    expect(create).toThrow(/port is .*; chip is .*; programmer is /)
  }
  for (const value of values.filter((text) => !options.includes(text))) {
    await using avrdude = await serve(new CommandFlasher({ tool: 'avrdude', ...textsOf(value) }), {
      client: FlasherClient,
    })
    await avrdude.flash(arduinoFirmware)
    expect(await programs.lastArguments('avrdude')).toEqual(
      expect.arrayContaining(['-p', value, '-c', value, '-P', value]),
    )
    const esp32 = new CommandFlasher({ tool: 'esptool', port: value, chip: 'esp32', address: '0x0', id: value })
    await using esptool = await serve(esp32, { client: FlasherClient })
    await expect(esptool.flash(Buffer.alloc(16))).rejects.toMatchObject({ code: 'DEVICE_IO' })
    expect(await programs.lastArguments('esptool')).toContain(value)
    const stm32 = new CommandFlasher({ tool: 'stm32flash', port: value, chip: '0x410' })
    await using stm32flash = await serve(stm32, { client: FlasherClient })
    // The program tells no chip.
    await expect(stm32flash.flash(Buffer.alloc(16))).rejects.toMatchObject({ code: 'DEVICE_IO' })
    expect(await programs.lastArguments('stm32flash')).toContain(value)
  }
})

test('Qemu: the texts of the config', async () => {
  await using programs = await recordPrograms(['qemu-system-arm'])
  for (const value of values) {
    const config = {
      machine: value,
      cpu: value,
      bios: value,
      kernel: value,
      initrd: value,
      append: value,
      loader: value,
    }
    await using board = await serve(new Qemu({ arch: 'arm', ...config, args: [...values] }))
    // The program is no QEMU, and ends at once.
    await expect(board.power.on()).rejects.toMatchObject({ code: 'DEVICE_IO' })
    const args = await programs.lastArguments('qemu-system-arm')
    const found = args?.flatMap((arg, index) => (arg.startsWith('-') ? [[arg, args[index + 1]]] : []))
    const expected = ['machine', 'cpu', 'bios', 'kernel', 'initrd', 'append'].map((option) => [`-${option}`, value])
    expect(found).toEqual(expect.arrayContaining([...expected, ['-device', `loader,file=${value}`]]))
    expect(args?.slice(-values.length)).toEqual(values)
  }
})

test('Qemu: the names of its images', { timeout: 60_000 }, async ({ skip }) => {
  needsCommand('qemu-img', skip)
  needsCommand('qemu-system-aarch64', skip)
  await using programs = await recordPrograms([])
  // A name is relative to the folder of the process, so that it can begin with a dash.
  const disks = [...values, 'nbd:localhost:10809', 'json:{}'].filter((name) => !/^\s*$/.test(name))
  await Promise.all(disks.map((name) => writeFile(join(programs.folder, name), Buffer.alloc(1024))))
  const [root = '', ...others] = disks.toReversed()
  const source = (path: string) => new URL(`../../src/${path}`, import.meta.url).href
  const program = `
    const [{ Qemu }, { serve }] = await Promise.all([import('${source('drivers/index.ts')}'), import('${source('index.ts')}')])
    for (const [root, ...disks] of ${JSON.stringify([[root, ...others.slice(0, 9)], others.slice(9)])}) {
      const config = { arch: 'aarch64', machine: 'virt', default_partitions: { root }, disks }
      await using board = await serve(new Qemu(config))
      await board.power.on()
      console.log(await board.status(), disks.length)
    }`
  const { stdout } = await execa(process.execPath, ['--input-type=module', '--eval', program], { cwd: programs.folder })
  expect(stdout).toBe(`running 9\nrunning ${others.length - 10}`)
  expect(existsSync(join(programs.folder, made))).toBe(false)
})

test('PySerial: the path of a port', async ({ skip }) => {
  needsCommand('socat', skip)
  await using pair = await createPtyPair()
  await using programs = await recordPrograms(['stty'])
  for (const value of values) {
    const path = join(programs.folder, value)
    await symlink(pair.port, path)
    await using serial = await serve(new PySerial({ url: path, disable_hupcl: true }), { client: SerialClient })
    const stream = await serial.connect()
    expect(await programs.lastArguments('stty')).toEqual(['-F', path, '-hupcl'])
    stream.destroy()
  }
})
