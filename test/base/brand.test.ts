import { readFile } from 'node:fs/promises'
import { beforeAll, expect, test, vi } from 'vitest'

import { thisCopy } from '../../src/base/brand.ts'
import * as own from '../../src/index.ts'
import { CommandError, PowerClient } from '../../src/clients/index.ts'
import { MockPower } from '../../src/drivers/index.ts'

let copy: typeof own
let clients: { readonly CommandError: typeof CommandError; readonly PowerClient: typeof PowerClient }

beforeAll(async () => {
  vi.resetModules()
  copy = await import('../../src/index.ts')
  clients = await import('../../src/clients/index.ts')
})

test('the major version is that of the package', async () => {
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  expect(thisCopy.major).toBe(Number(version.split('.')[0]))
})

test('objects of another copy are instances of the same classes, and of no other', () => {
  const error = new copy.HardwareError('CALL_FAILED', 'x')
  expect(copy.HardwareError === own.HardwareError).toBe(false)
  expect(error).toBeInstanceOf(own.HardwareError)
  expect(error).not.toBeInstanceOf(CommandError)
  expect(error).not.toBeInstanceOf(own.Driver)
  const failed = new clients.CommandError('dut', 'false', { output: '', exitCode: 1, durationMs: 0 })
  expect(failed).toBeInstanceOf(CommandError)
  expect(failed).toBeInstanceOf(own.HardwareError)
  expect(clients.PowerClient.prototype).toBeInstanceOf(own.DriverClient)
  expect(clients.PowerClient.prototype).not.toBeInstanceOf(PowerClient)
  expect(own.DriverClient.prototype).not.toBeInstanceOf(own.DriverClient)
})

test('a driver is served by another copy', async () => {
  await using power = await copy.serve(new MockPower())
  await power.on()
  expect(power).toBeInstanceOf(own.DriverClient)
})

test('values without a prototype, and plain ones, are no instances', () => {
  for (const value of [undefined, null, 'text', 1, Object.create(null), {}]) {
    expect(value instanceof own.HardwareError, typeof value).toBe(false)
  }
})
