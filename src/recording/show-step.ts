import { cutText } from '../base/cut-text.ts'
import { notKept } from './keep-value.ts'
import type { Recorder, RecordedStep } from './recorder.ts'

/** The longest text of one argument, in UTF-16 code units. */
const maxLength = 80

/** Shows a value in a line, as in code: `"login: "`, `/ok/`, `{"timeoutMs":100}`. */
export function showValue(value: unknown): string {
  if (value === notKept) return '…'
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`
  if (value instanceof RegExp || value instanceof Error) return cutText(String(value), maxLength)
  if (Array.isArray(value)) return cutText(`[${value.map(showValue).join(', ')}]`, maxLength)
  return cutText(textOf(value), maxLength)
}

function textOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}

/** Shows a step as the code that did it: `dut.console.expect("login: ")`. A named step is its name. */
export function showStep({ kind, target, args }: RecordedStep, recorder: Recorder): string {
  return recorder.mask(kind === 'step' ? target : `${target}(${args.map(showValue).join(', ')})`)
}
