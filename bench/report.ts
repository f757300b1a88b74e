import { readFileSync, writeFileSync } from 'node:fs'

import { judge, type Verdict } from './aims.ts'
import { consoleMegabytes, consolePatterns } from './console.ts'
import { metrics } from './metrics.ts'
import { nameOf, pairs } from './pairs.ts'
import { fileOf } from './process.ts'
import {
  type ConsoleResults,
  describeConditions,
  type MemoryResults,
  type RecordingResults,
  type Results,
  type SpeedResults,
} from './results.ts'
import type { Summary } from './statistics.ts'
import { formatMarkdown, formatText, type Table } from './table.ts'

const document = fileOf('../docs/performance.md')
const [begin, end] = ['<!-- table begin: written by npm run bench -->', '<!-- table end -->']

/** The figures that cold starts are compared with, by the keys of results.json. */
const coldStarts: readonly (readonly [id: string, name: string, comparedWith?: string])[] = [
  ['vitestPlain', '`vitest run`, one test without hardware'],
  ['vitestHardware', '`vitest run`, one test with `hardware()` and an exporter that it starts', 'pytest'],
  ['pytest', '`jmp shell -- pytest`, one test'],
  ['ourCall', '`vitest-hardware shell -- vitest-hardware call power.on`', 'theirCall'],
  ['theirCall', '`jmp shell -- j power on`'],
  ['ourExporter', '`vitest-hardware run` until it answers', 'theirExporter'],
  ['theirExporter', '`jmp shell` until its command runs'],
]

/** A part of the report: a line about it, and its table. */
interface Section {
  readonly intro: string
  readonly table: Table
}

/** The report for a terminal. */
export function formatReport(results: Results): string {
  return sections(results, judge(results))
    .map(({ intro, table }) => `${plain(intro)}\n\n${formatText(table.map((row) => row.map(plain)))}\n`)
    .join('\n')
}

/** Writes the report into docs/performance.md, between its markers. */
export function writeDocument(results: Results): void {
  const text = readFileSync(document, 'utf8')
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`docs/performance.md lacks the lines '${begin}' and '${end}'`)
  const report = sections(results, judge(results)).map(({ intro, table }) => `${intro}\n\n${formatMarkdown(table)}`)
  const written = `${text.slice(0, from)}${begin}\n\n${report.join('\n\n')}\n\n${text.slice(to)}`
  writeFileSync(document, written)
}

function sections({ speed, memory, console, recording }: Results, verdicts: readonly Verdict[]): Section[] {
  return [
    ...(speed === undefined ? [] : [pairSection(speed), coldSection(speed)]),
    ...(memory === undefined ? [] : [memorySection(memory)]),
    ...(console === undefined ? [] : [consoleSection(console)]),
    ...(recording === undefined ? [] : [recordingSection(recording)]),
    aimSection(verdicts),
  ]
}

function pairSection(speed: SpeedResults): Section {
  const value = (pair: string, id: string) => speed.pairs[pair]?.[id]
  const ratio = (id: string, other: string) => ratioOf(value('ours → ours', id), value(other, id))
  const head = ['client → exporter', ...pairs.map(nameOf), 'ours / python', 'ours / grpc-js']
  const rows = metrics.map(({ id, name, unit }) => [
    `${name}, ${unit}`,
    ...pairs.map((pair) => spread(value(nameOf(pair), id))),
    ratio(id, 'python → python'),
    ratio(id, 'grpc-js → grpc-js'),
  ])
  const rounds = `Median of ${speed.rounds} interleaved rounds and range; two processes on a unix socket.`
  return { intro: `${rounds} ${describeConditions(speed)}.`, table: [head, ...rows] }
}

function coldSection({ cold }: SpeedResults): Section {
  const rows = coldStarts.map(([id, name, comparedWith]) => [
    name,
    spread(cold[id]),
    comparedWith === undefined ? '' : ratioOf(cold[id], cold[comparedWith]),
  ])
  return { intro: 'From nothing, processes included:', table: [['', 'ms', 'ours / python'], ...rows] }
}

function memorySection(memory: MemoryResults): Section {
  const rows = Object.entries(memory.exporters).map(([name, { peak, samples }]) => [
    name,
    figure(samples[0] ?? Number.NaN),
    figure(samples[Math.floor(samples.length / 2)] ?? Number.NaN),
    figure(samples.at(-1) ?? Number.NaN),
    figure(peak),
  ])
  const what = `${memory.gibibytes} GiB from the exporter, then ${memory.gibibytes} GiB to it, in writes of 64 KiB`
  const head = ['exporter’s memory, MiB', 'at the start', 'half-way', 'at the end', 'most']
  return { intro: `${what}; ${describeConditions(memory)}.`, table: [head, ...rows] }
}

function consoleSection({ rounds, waits, ...conditions }: ConsoleResults): Section {
  const rows = Object.entries(consolePatterns).map(([name, pattern]) => [
    `${name}: \`${String(pattern)}\``,
    ...consoleMegabytes.map((megabytes) => spread(waits[`${name}|${megabytes}`])),
  ])
  const what = 'A wait for what comes after much output, in pieces of 64 bytes, guards included'
  const head = ['waited for, ms', ...consoleMegabytes.map((megabytes) => `${megabytes} MB`)]
  return {
    intro: `${what}; median of ${rounds} rounds and range. ${describeConditions(conditions)}.`,
    table: [head, ...rows],
  }
}

function recordingSection({ rounds, percent, ...conditions }: RecordingResults): Section {
  const names = new Map(metrics.map(({ id, name }) => [id, name]))
  const rows = Object.entries(percent).map(([id, summary]) => [names.get(id) ?? 'call', spread(summary)])
  return {
    intro: `The time of the client’s processor that the recording adds: a connection with it against one without, in turns in one process; median of ${rounds} processes and range. ${describeConditions(conditions)}.`,
    table: [['', '% more'], ...rows],
  }
}

function aimSection(verdicts: readonly Verdict[]): Section {
  const rows = verdicts.map(({ name, aim, value, met }) => [name, aim, value, met ? 'yes' : 'NO'])
  const missed = verdicts.filter(({ met }) => !met).length
  return {
    intro: `Aims: ${verdicts.length - missed} of ${verdicts.length} met.`,
    table: [['', 'aim', 'is', 'met'], ...rows],
  }
}

/** `377 (360–420)`, and from one round the value alone. */
function spread(summary: Summary | undefined): string {
  if (summary === undefined) return '–'
  const { median, min, max } = summary
  if (min === max) return figure(median)
  return `${figure(median)} (${figure(min)}–${figure(max)})`
}

function ratioOf(one: Summary | undefined, other: Summary | undefined): string {
  const ratio = (one?.median ?? Number.NaN) / (other?.median ?? Number.NaN)
  return Number.isNaN(ratio) ? '–' : `${ratio.toFixed(2)} ×`
}

/** Three digits are more than repeat. */
function figure(value: number): string {
  if (Number.isNaN(value)) return '–'
  return String(value >= 100 ? Math.round(value) : Number(value.toPrecision(3)))
}

/** Markdown's code marks mean nothing in a terminal. */
function plain(text: string): string {
  return text.replaceAll('`', '')
}
