import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { formatRecording } from '../../src/recording/recording-lines.ts'
import { createCliFolder } from '../support/cli.ts'

let cli: Awaited<ReturnType<typeof createCliFolder>>
beforeAll(async () => {
  cli = await createCliFolder()
})
afterAll(() => cli[Symbol.asyncDispose]())

const lines = Array.from(
  formatRecording({
    header: {
      format: 'vitest-hardware recording',
      version: 1,
      startedAt: '2026-01-02T03:04:05.678Z',
      versions: {},
      exporters: {},
      files: [],
    },
    events: [{ at: 1, type: 'output', console: 'dut.console', bytes: Buffer.from('login: \n') }],
  }),
)

function show(content: string | undefined, ...options: readonly string[]) {
  const path = join(cli.folder, 'recording.jsonl')
  if (content !== undefined) writeFileSync(path, content)
  return cli.run(['recording', 'show', content === undefined ? join(cli.folder, 'nothing') : path, ...options])
}

test('a recording is printed for people, and as JSON', { timeout: 60_000 }, async () => {
  const whole = lines.join('')
  const people = await show(whole)
  expect(people).toMatchObject({ code: 0, stderr: '' })
  expect(people.stdout).toContain('1.000  dut.console | login: ')
  const json = await show(whole, '-o', 'json')
  expect(JSON.parse(json.stdout)).toMatchObject({ isWhole: true, events: [{ type: 'output', text: 'login: \n' }] })
})

test('a file that was cut is printed with a warning, another one is refused', { timeout: 60_000 }, async () => {
  const cut = await show(lines.slice(0, -1).join(''))
  expect(cut.code).toBe(0)
  expect(cut.stdout).toContain('login: ')
  expect(cut.stderr).toMatch(/^warning: \S+recording\.jsonl was cut: later events are missing/)
  const foreign = await show('hello\n')
  expect(foreign).toMatchObject({ code: 2, stdout: '' })
  expect(foreign.stderr).toMatch(/^error: \S+recording\.jsonl is no recording: its first line is not the header of one/)
  const missing = await show(undefined)
  expect(missing).toMatchObject({ code: 2, stdout: '' })
  expect(missing.stderr).toContain('error: cannot read the recording: ENOENT')
})
