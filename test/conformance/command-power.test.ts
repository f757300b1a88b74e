import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

import { createPrivateFolder, type PrivateFolder } from '../../src/base/private-folder.ts'
import { PowerClient } from '../../src/clients/index.ts'
import { describePower } from '../../src/conformance/index.ts'
import { CommandPower, type CommandPowerConfig } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'

let folder: PrivateFolder
beforeAll(async () => {
  folder = await createPrivateFolder()
  await writeRelay()
})
afterAll(() => folder.remove())

describePower('CommandPower', createTested, { against: 'a shell script' })

function createTested() {
  return {
    driver: new CommandPower({
      power_on: ['./relay.sh', 'on'],
      power_off: ['./relay.sh', 'off'],
      power_read: ['./relay.sh', 'read'],
      cwd: folder.path,
    }),
    isOn: async () => (await state()) === 'on',
    interrupt: () => rename(inFolder('relay.sh'), inFolder('away')),
    restore: () => rename(inFolder('away'), inFolder('relay.sh')),
  }
}

/** A program that keeps a relay's state in a file, and notes its arguments, one a line. */
async function writeRelay() {
  const path = join(folder.path, 'relay.sh')
  const script = `#!/bin/sh
printf '%s\\n' "$@" > arguments
case $1 in
  on|off) echo "$1" > state ;;
  read) [ "$(cat state)" = on ] && echo '{"voltage": 12.1, "current": 0.25}' || echo '{"voltage": 0, "current": 0}' ;;
esac
`
  await writeFile(path, script)
  await chmod(path, 0o700)
}

const inFolder = (name: string) => join(folder.path, name)
const script = (text: string) => ['sh', '-c', text] as const
const servePower = (config: Partial<CommandPowerConfig> = {}) =>
  serve(
    new CommandPower({
      power_on: ['./relay.sh', 'on', '3'],
      power_off: ['./relay.sh', 'off', '3'],
      power_read: ['./relay.sh', 'read'],
      cwd: folder.path,
      ...config,
    }),
    { client: PowerClient },
  )
const state = async () => (await readFile(inFolder('state'), 'utf8')).trim()

test('commands switch and measure', async () => {
  await using power = await servePower()
  await power.on()
  expect(await state()).toBe('on')
  expect(await Array.fromAsync(power.read())).toEqual([{ voltage: 12.1, current: 0.25 }])
  await power.off()
  expect(await state()).toBe('off')
  expect(await Array.fromAsync(power.read())).toEqual([{ voltage: 0, current: 0 }])
})

test('no shell reads the arguments', async () => {
  const args = ['a b', '$(touch bad)', '"; touch bad; "', '', '*', '`touch bad`']
  await using power = await servePower({ power_on: ['./relay.sh', ...args] })
  await power.on()
  expect((await readFile(inFolder('arguments'), 'utf8')).slice(0, -1).split('\n')).toEqual(args)
  await expect(readFile(inFolder('bad'))).rejects.toThrow('ENOENT')
})

test('a pattern reads the output of any program', async () => {
  const power_read = script('echo "supply 1:  5.02V/ 0.31A"; echo "9.99 A" >&2')
  const read_pattern = String.raw`(?<voltage>[\d.]+)V/\s*(?<current>[\d.]+)A`
  await using power = await servePower({ power_read, read_pattern })
  expect(await Array.fromAsync(power.read())).toEqual([{ voltage: 5.02, current: 0.31 }])
})

test('one command runs at a time', async () => {
  const power_on = script('mkdir busy && sleep 0.02 && rmdir busy')
  await using power = await servePower({ power_on })
  await expect(Promise.all(Array.from({ length: 20 }, () => power.on()))).resolves.toHaveLength(20)
})

test('a command that fails is told with its last lines, and the next one works', async () => {
  await using power = await servePower({ power_off: script('echo working; echo no relay at channel 3 >&2; exit 4') })
  await expect(power.off()).rejects.toMatchObject({
    code: 'DEVICE_IO',
    origin: 'board',
    message: expect.stringMatching(/sh failed with exit code 4\n {2}no relay at channel 3/),
  })
  await power.on()
})

test('a program that is missing, or in a folder that is missing, is a mistake of the lab', async () => {
  await using power = await servePower({ power_on: ['no-such-relay-program', 'on'] })
  await expect(power.on()).rejects.toMatchObject({
    code: 'PROGRAM_MISSING',
    origin: 'lab',
    message: expect.stringContaining('no-such-relay-program is not installed'),
  })
  await using nowhere = await servePower({ cwd: '/no/such/folder' })
  await expect(nowhere.on()).rejects.toMatchObject({
    code: 'DEVICE_IO',
    origin: 'lab',
    message: expect.stringContaining('there is no folder /no/such/folder (cwd)'),
  })
})

test('what is no measurement, and what cannot be measured, is told', async () => {
  await using power = await servePower({ power_read: script('echo -') })
  await expect(Array.fromAsync(power.read())).rejects.toMatchObject({ code: 'RESULT_INVALID', origin: 'board' })
  await using blind = await servePower({ power_read: undefined })
  await expect(Array.fromAsync(blind.read())).rejects.toMatchObject({
    code: 'NOT_IMPLEMENTED',
    message: expect.stringContaining('its config has no power_read'),
  })
})

test('a command that takes too long, or whose caller has gone, is ended with all that it has started', async () => {
  await using power = await servePower({
    power_on: script('sleep 1000 & echo $! > sleeper; wait'),
    timeout: 2,
  })
  await expect(power.on()).rejects.toMatchObject({
    code: 'CALL_TIMEOUT',
    message: expect.stringContaining('sh did not end within 2000 ms'),
  })
  await vi.waitFor(ended, { timeout: 10_000 })
  await rm(inFolder('sleeper'))

  await using patient = await servePower({ power_on: script('sleep 1000 & echo $! > sleeper; wait') })
  const controller = new AbortController()
  const call = patient.with({ signal: controller.signal }).on()
  await vi.waitFor(async () => expect(await readFile(inFolder('sleeper'), 'utf8')).toMatch(/\d\n/), { timeout: 10_000 })
  controller.abort(new Error('enough'))
  await expect(call).rejects.toMatchObject({ code: 'CALL_CANCELLED' })
  await vi.waitFor(ended, { timeout: 10_000 })
})

/** Throws while the process of a test's `sleep` runs. */
async function ended() {
  const pid = (await readFile(inFolder('sleeper'), 'utf8')).trim()
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z')
  expect(status).toContain(') Z')
}

test('check looks for the programs and runs none', async () => {
  const found = await CommandPower.check({
    power_on: ['./relay.sh', 'on'],
    power_off: ['sh', '-c', 'touch bad'],
    power_read: ['no-such-meter'],
    cwd: folder.path,
  })
  expect(found).toEqual([
    { name: 'the program ./relay.sh', isMet: true, found: inFolder('relay.sh') },
    { name: 'the program sh', isMet: true, found: expect.stringMatching(/\/sh$/) },
    { name: 'the program no-such-meter', isMet: false, found: 'not installed', cure: expect.stringContaining('PATH') },
  ])
  await expect(readFile(inFolder('bad'))).rejects.toThrow('ENOENT')
})
