import { exporterFacts } from '../base/exporter-facts.ts'
import { HardwareError, messageOf } from '../errors.ts'
import type { RecordedStep } from '../recording/recorder.ts'
import type { PowerState } from '../recording/power-state.ts'
import { showStep, showValue } from '../recording/show-step.ts'
import type { Attempt } from './attempt.ts'
import { type BenchView, benchAt, type ConsoleView, type PinView } from './bench.ts'
import { element, type PageNode, pageOf, type Part } from './page-nodes.ts'

/** The size of the page, in CSS pixels. */
export const pageSize = { width: 800, height: 500 } as const

/** The most lines of each console. */
const shownLines = 40

const style = `
:root { color-scheme: light dark; --line: #8884; --bad: #c62828; --good: #2e7d32; --mark: #fff3b0; }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a80; --good: #a5d6a7; --mark: #5d4e00; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 12px; font: 13px/1.4 system-ui, sans-serif; background: Canvas; color: CanvasText; }
h1 { font: 600 14px/1.3 ui-monospace, monospace; margin: 0 0 4px; overflow-wrap: anywhere; }
.facts { margin: 0 0 10px; opacity: .85; }
.bad { color: var(--bad); } .good { color: var(--good); }
pre { font: 12px/1.35 ui-monospace, monospace; margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.parts { display: flex; flex-wrap: wrap; gap: 8px; margin: 0 0 10px; }
.part { border: 1px solid var(--line); border-radius: 6px; padding: 4px 10px; }
.part b { font-family: ui-monospace, monospace; font-weight: 600; }
.console { border: 1px solid var(--line); border-radius: 6px; margin: 0 0 10px; overflow: hidden; }
.console h2 { font: 600 12px/1.6 ui-monospace, monospace; margin: 0; padding: 2px 10px; border-bottom: 1px solid var(--line); }
.console pre { padding: 6px 10px; } mark { background: var(--mark); color: inherit; } mark.failure { background: var(--bad); color: Canvas; }
.error { border-left: 3px solid var(--bad); padding: 2px 10px; margin: 0 0 10px; }
`

/**
 * Draws the bench as it was when a step had ended: power, pins, the consoles with the part that the step waited for, the arguments
 * and the result.
 */
export function benchPage(attempt: Attempt, step: RecordedStep): PageNode {
  const bench = benchAt(attempt, step, shownLines)
  const title = showStep(step, attempt.recorder)
  const ended = step.end === undefined ? 'has not ended' : `took ${(step.end - step.start).toFixed(0)} ms`
  const facts = `${seconds(step.start - attempt.start)} after the begin of the test; ${ended}${exportersOf(attempt)}`
  return pageOf(
    title,
    style,
    element('h1', {}, title),
    element('p', { class: 'facts' }, facts),
    ...errorOf(attempt, step),
    ...resultOf(attempt, step),
    ...partsOf(bench),
    ...bench.consoles.map((console) => consoleOf(console, markedBy(attempt, step))),
  )
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(3)} s`

function exportersOf({ exporters }: Attempt): string {
  const named = exporterFacts(exporters)
  return named.length === 0 ? '' : `; ${named.join(', ')}`
}

function errorOf({ recorder }: Attempt, { error }: RecordedStep): Part[] {
  if (error === undefined) return []
  return [element('div', { class: 'error' }, element('pre', { class: 'bad' }, recorder.mask(explanationOf(error))))]
}

/** The message of an error without the last lines of a console, which stand below it in the page. */
function explanationOf(error: unknown): string {
  if (!(error instanceof HardwareError) || error.details.console === undefined) return messageOf(error)
  const lines = error.message.split('\n').filter((line) => !/^ {2}[·|]/.test(line))
  return lines.map((line) => line.replace(/ Last lines:$/, '')).join('\n')
}

function resultOf({ recorder }: Attempt, { kind, result }: RecordedStep): Part[] {
  if (result === undefined || kind === 'expect') return []
  return [element('p', { class: 'facts' }, 'Result: ', element('code', {}, recorder.mask(showValue(result))))]
}

function partsOf({ power, pins }: BenchView): Part[] {
  const parts = [...power.map(powerOf), ...pins.map(pinOf)]
  return parts.length === 0 ? [] : [element('div', { class: 'parts' }, ...parts)]
}

function powerOf({ name, isOn, voltage, current }: PowerState): Part {
  const state = isOn === undefined ? '' : isOn ? ' on' : ' off'
  const reading = voltage === undefined ? '' : ` ${voltage} V${current === undefined ? '' : `, ${current} A`}`
  const lamp = element('span', { class: isOn === true ? 'good' : 'bad' }, isOn === undefined ? '' : isOn ? ' ●' : ' ○')
  return element('div', { class: 'part' }, element('b', {}, name), lamp, `${state}${reading}`)
}

function pinOf({ name, value }: PinView): Part {
  return element('div', { class: 'part' }, element('b', {}, name), ` ${value}`)
}

/** A text on a console that is marked. */
interface Marked {
  readonly text: string
  /** True for the message with which the board has failed. */
  readonly isBad: boolean
}

/** The text that a console printed, and that the step waited for; that of a guard, if one ended the wait. */
function markedBy({ recorder }: Attempt, { kind, result, error }: RecordedStep): Marked | undefined {
  const { printed } = error instanceof HardwareError ? error.details : {}
  if (printed !== undefined) return { text: recorder.mask(printed), isBad: true }
  const { text } = (typeof result === 'object' && result !== null ? result : {}) as { readonly text?: unknown }
  if (kind !== 'expect' || typeof text !== 'string' || text === '') return undefined
  return { text: recorder.mask(text), isBad: false }
}

function consoleOf({ name, lines }: ConsoleView, marked: Marked | undefined): Part {
  const text = lines.join('\n')
  const at = marked === undefined ? -1 : text.lastIndexOf(marked.text)
  const parts: Part[] =
    marked === undefined || at < 0
      ? [text]
      : [
          text.slice(0, at),
          element('mark', marked.isBad ? { class: 'failure' } : {}, marked.text),
          text.slice(at + marked.text.length),
        ]
  return element(
    'section',
    { class: 'console' },
    element('h2', {}, name),
    element('pre', {}, ...(text === '' ? ['(nothing)'] : parts), element('span', { class: 'good' }, '▏')),
  )
}
