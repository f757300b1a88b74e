import { expect, test } from 'vitest'

import type { Attempt } from '../../src/evidence/attempt.ts'
import { benchPage } from '../../src/evidence/bench-page.ts'
import type { PageNode } from '../../src/evidence/page-nodes.ts'
import { listSteps } from '../../src/evidence/step-list.ts'
import { traceArtifact } from '../../src/evidence/trace-artifact.ts'
import { recordStep, withRecorder } from '../../src/recording/record-step.ts'
import { Recorder } from '../../src/recording/recorder.ts'

/** A test that switches a board on, reads it, waits for its console, and fails. */
async function failedAttempt(): Promise<Attempt> {
  const recorder = new Recorder()
  recorder.secrets.add('hunter2')
  let output = 'left of the last test\r\n'
  recorder.addConsole({
    name: 'dut.console',
    rawLength: () => 0,
    pieces: () => [],
    length: () => output.length,
    text: (from, to) => output.slice(from, to),
  })
  const outputAtStart = recorder.outputNow()
  const call = (client: string, method: string) => ({ driver: 'power', client: `x.client.${client}`, method })
  await withRecorder(recorder, 'test', async () => {
    const done = (target: string, used: ReturnType<typeof call>, result?: unknown) =>
      recordStep({ kind: 'call', target, call: used }, async () => result)
    await done('dut.power.on', call('PowerClient', 'on'))
    await done('dut.power.read', call('PowerClient', 'read'), { voltage: 3.3, current: 0.05 })
    await done('dut.led.read', call('DigitalInputClient', 'read_pin'), 1)
    output += 'U-Boot 2026\r\n'
    await recordStep({ kind: 'expect', target: 'dut.console.expect', args: [/U-Boot \d+/] }, async () => ({
      text: 'U-Boot 2026',
    }))
    output += 'later\r\n'
    const fails = async () => Promise.reject(new Error('did not print "hunter2"'))
    await recordStep({ kind: 'expect', target: 'dut.console.expect', args: ['hunter2'] }, fails).catch(() => undefined)
  })
  const steps = recorder.steps('test')
  const [start = 0, end = 0] = [steps[0]?.start, steps.at(-1)?.end]
  return { recorder, steps, start, end, outputAtStart, retry: 0, repeats: 0, exporters: { dut: 'uno' } }
}

function textOf(node: PageNode): string {
  if (node.type === 3) return node.isStyle === true ? '' : node.textContent
  if (node.type === 1) return ''
  const text = node.childNodes.map(textOf).join('')
  return node.type === 2 && node.tagName === 'mark' ? `<${text}>` : text
}

function* idsOf(node: PageNode): Generator<number> {
  yield node.id
  if (node.type === 0 || node.type === 2) for (const child of node.childNodes) yield* idsOf(child)
}

test('a page shows the bench as it was when the step ended', async () => {
  const attempt = await failedAttempt()
  const pages = attempt.steps.map((step) => benchPage(attempt, step))
  const [on = '', read = '', led = '', found = '', failed = ''] = pages.map(textOf)
  expect(on).toContain('dut.power ● on')
  expect(on).not.toMatch(/V,|U-Boot/)
  expect(read).toContain('dut.power ● on 3.3 V, 0.05 A')
  expect(led).toContain('dut.led 1')
  expect(found).toContain('left of the last test\n<U-Boot 2026>\n')
  expect(found).not.toContain('later')
  expect(failed).toContain('did not print "***"')
  expect(failed).toContain('U-Boot 2026\nlater\n')
  expect(failed).toContain('dut: exporter uno')
  for (const page of pages) {
    const ids = [...idsOf(page)]
    expect(new Set(ids).size).toBe(ids.length)
  }
})

test('the list has a line for each of the last steps, and the trace an entry', async () => {
  const attempt = await failedAttempt()
  const lines = listSteps(attempt).split('\n')
  expect(lines).toHaveLength(5)
  expect(lines.at(-1)).toMatch(/^ +\d\.\d{3} s +\d+ ms {2}dut\.console\.expect\("\*\*\*"\) ✗ did not print "\*\*\*"$/)
  const { data } = traceArtifact(attempt)
  expect(JSON.stringify(data)).not.toContain('hunter2')
  expect(data).toMatchObject({
    retry: 0,
    entries: [
      {
        name: 'dut.power.on()',
        kind: 'action',
        status: 'pass',
        location: { file: expect.stringContaining('bench-page.test.ts') },
      },
      { name: 'dut.power.read()' },
      { name: 'dut.led.read()' },
      { name: 'dut.console.expect(/U-Boot \\d+/)', kind: 'expect', status: 'pass' },
      { name: 'dut.console.expect("***")', kind: 'expect', status: 'fail' },
    ],
  })
})
