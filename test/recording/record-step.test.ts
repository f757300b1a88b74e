import { expect, test } from 'vitest'

import { notKept } from '../../src/recording/keep-value.ts'
import { beginStep, recordStep, step, withRecorder } from '../../src/recording/record-step.ts'
import { Recorder } from '../../src/recording/recorder.ts'
import { showStep } from '../../src/recording/show-step.ts'

const action = (target: string, ...args: unknown[]) => ({ kind: 'action', target, args }) as const

function shown(recorder: Recorder, scope = 'test'): string[] {
  return recorder.steps(scope).map((one) => {
    const depth = one.parent === undefined ? '' : '  '
    const end = one.error instanceof Error ? ` ✗ ${one.error.message}` : one.end === undefined ? ' …' : ''
    return `${depth}${showStep(one, recorder)}${end}`
  })
}

test('a step has its arguments, its result, its error, the steps inside of it and the line of the test', async () => {
  const recorder = new Recorder()
  await withRecorder(recorder, 'test', async () => {
    await step('boots', async () => {
      await recordStep(action('dut.power.cycle', { offMs: 0 }), async () => 'done')
    })
    await expect(recordStep(action('dut.relay.on'), () => Promise.reject(new Error('stuck')))).rejects.toThrow('stuck')
    beginStep(action('dut.adc.stream'))
  })
  expect(shown(recorder)).toEqual([
    'boots',
    '  dut.power.cycle({"offMs":0})',
    'dut.relay.on() ✗ stuck',
    'dut.adc.stream() …',
  ])
  const [boots, cycle, on] = recorder.steps('test')
  expect(cycle).toMatchObject({ result: 'done', parent: boots })
  for (const one of [boots, cycle, on]) expect(one?.site?.stack).toContain('record-step.test.ts')
  expect((cycle?.end ?? 0) <= (boots?.end ?? 0)).toBe(true)
})

test('without a recorder nothing is recorded, and the results and errors are the same', async () => {
  expect(recordStep(action('a'), () => 1)).toBe(1)
  expect(await recordStep(action('a'), async () => 2)).toBe(2)
  expect(await step('a', () => 3)).toBe(3)
  expect(() =>
    recordStep(action('a'), () => {
      throw new Error('thrown')
    }),
  ).toThrow('thrown')
})

test('a function that returns no promise is no step, unless it throws', () => {
  const recorder = new Recorder()
  withRecorder(recorder, 'test', () => {
    recordStep(action('dut.console.peek'), () => 'text')
    expect(() =>
      recordStep(action('dut.console.skip'), () => {
        throw new Error('closed')
      }),
    ).toThrow('closed')
  })
  expect(shown(recorder)).toEqual(['dut.console.skip() ✗ closed'])
})

test('a method that only calls its driver is one step, with the call', async () => {
  const recorder = new Recorder()
  const call = { driver: 'power', client: 'jumpstarter_driver_power.client.PowerClient', method: 'read' }
  await withRecorder(recorder, 'test', async () => {
    await recordStep(action('dut.power.read'), () =>
      recordStep({ ...action('dut.power.read'), kind: 'call', call }, async (running) => {
        running?.answered({ voltage: 5, current: 0.1 })
        return 'checked'
      }),
    )
  })
  expect(recorder.steps('test')).toMatchObject([
    { kind: 'action', call, result: { voltage: 5, current: 0.1 }, parent: undefined },
  ])
})

test('tests that run at the same time have steps of their own', async () => {
  const recorder = new Recorder()
  await Promise.all(
    ['one', 'two'].map((scope) =>
      withRecorder(recorder, scope, () => recordStep(action(`${scope}.on`), () => Promise.resolve())),
    ),
  )
  expect([shown(recorder, 'one'), shown(recorder, 'two')]).toEqual([['one.on()'], ['two.on()']])
})

test('what would fill the memory is not kept', async () => {
  const recorder = new Recorder()
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  await withRecorder(recorder, 'test', async () => {
    await recordStep(action('dut.a', 'x'.repeat(5_000), Buffer.alloc(10_000), circle), async () => new Map())
    for (let count = 0; count < 12_000; count++) await recordStep(action('dut.b', count), async () => undefined)
  })
  const steps = recorder.steps('test')
  expect(steps.length).toBeLessThanOrEqual(10_000)
  expect(steps.at(-1)?.args).toEqual([11_999])
  const first = new Recorder()
  await withRecorder(first, 'test', () =>
    recordStep(action('dut.a', 'x'.repeat(5_000), Buffer.alloc(10_000), circle), async () => new Map()),
  )
  expect(first.steps('test')).toMatchObject([{ args: [notKept, notKept, notKept], result: notKept }])
  expect(shown(first)).toEqual(['dut.a(…, …, …)'])
})

test('secrets that were typed into a console are nowhere', async () => {
  const recorder = new Recorder()
  recorder.secrets.add('hunter2')
  await withRecorder(recorder, 'test', () =>
    recordStep(action('dut.console.login', { password: 'hunter2' }), async () => undefined),
  )
  expect(shown(recorder)).toEqual(['dut.console.login({"password":"***"})'])
})

test('the steps of a test are forgotten, those of others stay', async () => {
  const recorder = new Recorder()
  for (const scope of ['one', 'two']) await withRecorder(recorder, scope, () => step(`in ${scope}`, () => 1))
  recorder.drop('one')
  expect([shown(recorder, 'one'), shown(recorder, 'two')]).toEqual([[], ['in two']])
})

test('the first end of a step counts', () => {
  const recorder = new Recorder()
  const stream = withRecorder(recorder, 'test', () => beginStep(action('dut.adc.stream')))
  stream?.ended()
  stream?.ended(new Error('the connection was closed'))
  expect(recorder.steps('test')).toMatchObject([{ error: undefined }])
})

test('the console of a later connection takes the place of the earlier one', () => {
  const recorder = new Recorder()
  const console = (length: number) => ({
    name: 'dut.console',
    rawLength: () => 0,
    pieces: () => [],
    length: () => length,
    text: () => '',
  })
  recorder.addConsole(console(1))
  recorder.addConsole(console(2))
  expect([...recorder.outputNow().values()]).toEqual([2])
})
