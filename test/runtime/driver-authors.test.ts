import { expect, onTestFinished, test } from 'vitest'

import { connect, type HardwareError, serve } from '../../src/index.ts'
import { defineExporter } from '../../src/runtime/define-exporter.ts'
import { openSession } from '../../src/runtime/open-session.ts'
import { Psu } from '../support/drivers/psu.ts'

const stackOf = async (failing: Promise<unknown>) => {
  const error = (await failing.catch((reason: unknown) => reason)) as HardwareError
  return String((error.cause as Error).stack)
}

test('the stack of an error names the line of the driver that threw it', async () => {
  await using psu = await serve(new Psu())
  const stack = await stackOf(psu.trip())
  expect(stack).toMatch(
    /^TypeError: Cannot read properties of undefined.*\n +at measure \(.*drivers\/psu\.ts:\d+:\d+\)\n/,
  )
  expect(stack).toMatch(/at .*trip \(.*drivers\/psu\.ts:/)
  expect(stack).not.toMatch(/src\/runtime|node:/)
})

test.each([
  [undefined, false],
  [true, true],
])('with errorStacks %s clients of a TCP port get it: %s', async (errorStacks, isSent) => {
  const exporter = defineExporter({
    name: 'bench',
    export: () => ({ psu: new Psu() }),
    ...(errorStacks && { errorStacks }),
  })
  const address = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const
  const session = await openSession({ warnings: [], ...exporter }, { address })
  onTestFinished(() => session.close())
  const connection = await connect(session.address, { insecure: true })
  onTestFinished(() => connection.close())
  const { psu } = connection.root.children
  const stack = await stackOf(psu?.call('trip') ?? Promise.resolve())
  expect(stack).toMatch(isSent ? /drivers\/psu\.ts:\d+/ : /^TypeError: .*\n {4}at the exporter$/)
})

test('an unknown method names those that the driver has', async () => {
  await using psu = await serve(new Psu())
  await expect(psu.call('setVolt' as never, 5)).rejects.toMatchObject({
    code: 'METHOD_NOT_FOUND',
    message: expect.stringContaining('not found on driver; there are set_volts, all, trip, ramp, say'),
    details: { methods: ['set_volts', 'all', 'trip', 'ramp', 'say'] },
  })
})

test('more arguments than the driver takes are refused; those of Python that are null are left out', async () => {
  await using psu = await serve(new Psu())
  const call = (method: string, ...args: unknown[]) => psu.call(method as 'say', ...(args as [string]))
  expect(await call('setVolts', 2, 3)).toBe(6)
  await expect(call('setVolts', 2, 3, 4)).rejects.toMatchObject({
    code: 'ARGUMENT_INVALID',
    message: expect.stringContaining('set_volts takes 2 argument(s), not 3'),
  })
  await expect(call('trip', 1)).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
  expect(await call('say', 'hello', null)).toBeUndefined()
  expect(await call('all', 1, 2, 3)).toBe(3)
  const records = psu.streamingCall('ramp', ...([1, 2] as unknown as [number]))
  await expect(records.next()).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
})
