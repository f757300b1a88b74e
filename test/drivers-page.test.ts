import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

import { sectionOf } from '../scripts/driver-table.ts'
import { driverTypes } from '../src/drivers/types.ts'
import { buildExporter } from './conformance/support/build-exporter.ts'

const page = readFileSync(new URL('../docs/drivers.md', import.meta.url), 'utf8')
const sections = page.split(/^(?=### )/m).slice(1)
const examples = sections.flatMap((section) => {
  const title = /^### (?<title>.+)$/m.exec(section)?.groups?.['title'] ?? ''
  return Array.from(section.matchAll(/^```yaml\n(?<yaml>.*?)^```$/gms), ({ groups }) => ({
    title,
    yaml: groups?.['yaml'] ?? '',
  }))
})

test('docs/drivers.md has a section for every driver, with an example', () => {
  const missing = Array.from(driverTypes.keys()).filter((type) => sectionOf(type) === undefined)
  expect(missing).toEqual([])
  const shown = examples.map(({ yaml }) => yaml).join('')
  expect(Array.from(driverTypes.keys()).filter((type) => !/\.Sync/.test(type) && !shown.includes(type))).toEqual([])
})

test('the table of real parts has every driver that can be tested with one', () => {
  const rows = new Set(Array.from(page.matchAll(/^\| (\w+)(?: \(\w+\))? \|.*\|.*\| \d+ \|/gm), ([, name]) => name))
  const names = Array.from(driverTypes.keys(), (type) => type.replace(/^.*[.#](?:Sync)?/, ''))
  // A group is made of other drivers, and nothing here can stand for a HID device.
  const others = ['Composite', 'NoyitoPowerHID']
  expect(names.filter((name) => !others.includes(name) && !rows.has(name))).toEqual([])
})

test.each(examples)('the example of $title is the file of an exporter', async ({ yaml }) => {
  const root = await buildExporter(yaml)
  expect(Object.keys(root.children)).not.toEqual([])
})
