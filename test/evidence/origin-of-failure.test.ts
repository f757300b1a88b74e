import { expect, test } from 'vitest'

import { HardwareError } from '../../src/errors.ts'
import { originOfFailure } from '../../src/evidence/origin-of-failure.ts'
import { recordStep, withRecorder } from '../../src/recording/record-step.ts'
import { Recorder, type StepDescription } from '../../src/recording/recorder.ts'

const call = { driver: 'power', client: 'jumpstarter_driver_power.client.PowerClient', method: 'read' }
const read: StepDescription = { kind: 'call', target: 'dut.power.read', call }
const wait: StepDescription = { kind: 'expect', target: 'dut.console.expect' }
const run: StepDescription = { kind: 'action', target: 'dut.console.run' }

async function stepsOf(...done: (readonly [StepDescription, unknown])[]) {
  const recorder = new Recorder()
  await withRecorder(recorder, 'test', async () => {
    for (const [description, result] of done) await recordStep(description, async () => result)
  })
  return recorder.steps('test')
}

test.each([
  ['a value that the test made', 3, 'test'],
  ['no value, as in a time-out', undefined, 'test'],
  ['an empty text', '', 'test'],
  ['a measured number', 4.97, 'board'],
  [
    'an object with measurements, as Vitest prints it',
    'Object {\n  "voltage": 4.97,\n  "serial": "X-113",\n}',
    'board',
  ],
  ['a part of what the console printed', '1.2.3', 'firmware'],
  ['the output of a command', 'Linux version 6.1', 'firmware'],
] as const)('%s', async (_what, actual, origin) => {
  const steps = await stepsOf(
    [read, { voltage: 4.97, current: 0.1, serial: 'X-113' }],
    [wait, { text: 'firmware 1.2.3', captures: ['1.2.3'] }],
    [run, { output: 'Linux version 6.1\n', exitCode: 0 }],
  )
  expect(originOfFailure({ message: 'not equal', actual }, steps)).toBe(origin)
})

const timeOut = { message: 'Test timed out in 300ms.' }
const cancelled = new HardwareError('CALL_CANCELLED', 'the test has ended')

test.each([
  ['a wait for output', wait, cancelled, 'firmware'],
  ['a call', read, cancelled, 'board'],
  [
    'code of the test, after a wait that was caught',
    wait,
    new HardwareError('CONSOLE_TIMEOUT', 'did not print'),
    'test',
  ],
] as const)('a time limit that ends %s', async (_what, description, error, origin) => {
  const recorder = new Recorder()
  const failed = withRecorder(recorder, 'test', () => recordStep(description, () => Promise.reject(error)))
  await expect(failed).rejects.toBe(error)
  expect(originOfFailure(timeOut, recorder.steps('test'))).toBe(origin)
  expect(originOfFailure(timeOut, [])).toBe('test')
})

test('a time limit that ends while a step goes on', async () => {
  const recorder = new Recorder()
  withRecorder(recorder, 'test', () => void recordStep(wait, () => new Promise(() => {})))
  expect(originOfFailure(timeOut, recorder.steps('test'))).toBe('firmware')
})
