import { expect, test } from 'vitest'

import { describe as describeEvent } from '../../../src/leases/describe-event.ts'
import { findImpossibleNeeds } from '../../../src/plugin/plan/impossible-needs.ts'
import type { StaticNeed } from '../../../src/plugin/plan/read-needs.ts'

/** An exporter as the broker knows it, of which only the labels count here. */
function started(name: string, labels: Readonly<Record<string, string>> | undefined) {
  const exporter = { name, labels, lease: () => Promise.reject(new Error('not leased here')), close: async () => {} }
  return { exporter }
}

const need = (role: string | undefined, selector: string | undefined): StaticNeed => ({ role, selector })

function describe(
  files: Readonly<Record<string, readonly StaticNeed[]>>,
  exporters: Readonly<Record<string, Readonly<Record<string, string>> | undefined>>,
  failures: Parameters<typeof findImpossibleNeeds>[1]['failures'] = [],
): string | undefined {
  const all = Object.entries(exporters).map(([name, labels]) => started(name, labels))
  const impossible = findImpossibleNeeds(new Map(Object.entries(files)), { exporters: all, failures })
  return impossible.needs.length === 0 ? undefined : describeEvent({ type: 'impossibleNeeds', ...impossible })
}

test('a need that nothing matches is told with the exporters that come nearest', () => {
  const exporters = {
    far: { board: 'due', usb: 'no' },
    near: { board: 'uno', rev: '2' },
    none: {},
    other: { board: 'uno', usb: 'yes', rev: '3' },
  }
  const needs = [need('dut', 'board=uno,usb=yes,rev=2'), need('peer', 'board=uno')]
  expect(describe({ 'a.test.ts': needs, 'b.test.ts': [need('dut', 'board=uno')] }, exporters)).toBe(
    `These needs cannot be met:
  a.test.ts: Role 'dut' needs an exporter with board=uno,usb=yes,rev=2, and this run has none. There are:
    exporter near: board=uno,rev=2 (does not match: usb)
    exporter other: board=uno,rev=3,usb=yes (does not match: rev)
    exporter far: board=due,usb=no (does not match: board, usb, rev)
    and 1 more`,
  )
})

test('roles that can only be had from the same exporter are told', () => {
  const pair = [need('a', 'board=uno'), need('b', 'board=uno')]
  expect(describe({ 'pair.test.ts': pair }, { uno: { board: 'uno' }, due: { board: 'due' } })).toBe(
    `These needs cannot be met:
  pair.test.ts: No exporter is left for role 'b': it needs an exporter with board=uno, and other roles of this file need uno too`,
  )
  expect(describe({ 'pair.test.ts': pair }, { uno: { board: 'uno' }, second: { board: 'uno' } })).toBeUndefined()
})

test('files with the same need are told together', () => {
  const needs = [need('dut', 'board=esp32')]
  expect(describe({ 'a.test.ts': needs, 'b.test.ts': [...needs, ...needs] }, { uno: { board: 'uno' } })).toBe(
    `These needs cannot be met:
  a.test.ts, b.test.ts: Role 'dut' needs an exporter with board=esp32, and this run has none. There are:
    exporter uno: board=uno (does not match: board)`,
  )
})

test('of exporters that do not work the names are told; the errors of the files have the mistakes', () => {
  const failures = ['bad', 'worse'].map((exporter) => ({ exporter, sentence: `exporter ${exporter}: line 1 …` }))
  expect(describe({ 'a.test.ts': [need('dut', '')] }, {}, failures)).toBe(
    `These needs cannot be met:
  a.test.ts: Role 'dut' needs an exporter, and this run has none. There are:
    not working: bad, worse`,
  )
})

test('without exporters the cure is told, once', () => {
  expect(describe({ 'a.test.ts': [need('dut', '')], 'b.test.ts': [need('dut', 'board=uno')] }, {})).toBe(
    `These needs cannot be met:
  a.test.ts: Role 'dut' needs an exporter, and this run has none
  b.test.ts: Role 'dut' needs an exporter with board=uno, and this run has none
  The run has no exporters: name them in hardware({ exporters: … }), or run inside 'jmp shell', which sets JUMPSTARTER_HOST`,
  )
})

test.each([
  ['what only running the file can tell', [need(undefined, undefined), need('dut', undefined)]],
  ['a mistake in a selector, which the file tells itself', [need('dut', 'board=a b')]],
  ['what an exporter without labels may match', [need('dut', 'board=esp32')]],
])('nothing is told of %s', (_, needs) => {
  expect(describe({ 'a.test.ts': needs }, { lab: undefined })).toBeUndefined()
})
