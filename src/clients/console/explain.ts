import { showPattern } from './pattern.ts'
import type { Source } from './source.ts'
import type { Mark, Pattern } from './types.ts'

/** How many lines an error shows. */
const shownLines = 15
/** How many characters of a line. */
const shownLength = 300
/** How much of what was printed is looked through for what was meant, in characters. */
const recentLength = 64 * 1024
/** The fewest characters of a text that are worth mentioning. */
const worthLength = 4

/** What {@link explain} takes. */
export interface ExplainOptions {
  /** How errors name the console. */
  readonly name: string
  readonly cursor: Mark
  /** What has been looked for. */
  readonly patterns?: readonly Pattern[]
  /** What is not to be shown. */
  readonly secrets: ReadonlySet<string>
}

/** The message of a wait that has failed: what happened, what may have been meant, and the last lines. */
export function explain(source: Source, what: string, options: ExplainOptions): string {
  const { name, cursor, patterns = [], secrets } = options
  const { transcript } = source
  const from = Math.max(0, transcript.end.text - recentLength)
  const recent = transcript.text(from)
  const misses = patterns.flatMap((pattern) => nearMiss(pattern, recent, cursor.text - from) ?? [])
  const silent = transcript.text(cursor.text).trim() === ''
  const lines = lastLines(recent, cursor.text - from)
  const message = [
    `Console ${name} ${what}. ${silent ? 'It has printed nothing since the last match.' : 'Last lines:'}`,
    ...lines,
    ...misses,
  ].join('\n')
  return [...secrets].reduce((masked, secret) => masked.replaceAll(secret, '***'), message)
}

/** The last lines; those before the cursor's are marked with a dot. */
function lastLines(text: string, cursor: number): string[] {
  if (text === '') return []
  const behind = text.slice(0, Math.max(0, cursor)).split('\n').length - 1
  const lines = text.split('\n').map((line, number) => {
    const shown = line.replace(/\r$/, '').slice(0, shownLength)
    return `  ${number < behind ? '·' : '|'} ${shown}${line.length > shownLength ? '…' : ''}`
  })
  return lines.slice(-shownLines)
}

/** @param text what was printed last @param cursor where in it the wait began */
function nearMiss(pattern: Pattern, text: string, cursor: number): string | undefined {
  if (pattern instanceof Uint8Array) return undefined
  const shown = showPattern(pattern)
  const [before, after] = [text.slice(0, Math.max(0, cursor)), text.slice(Math.max(0, cursor))]
  if (typeof pattern === 'string') {
    if (before.includes(pattern)) return `${shown} came before: an earlier wait has gone past it.`
    const other = after.toLowerCase().indexOf(pattern.toLowerCase())
    if (other >= 0) return `There is ${JSON.stringify(after.slice(other, other + pattern.length))} instead of ${shown}.`
    for (let length = pattern.length - 1; length >= Math.max(worthLength, pattern.length / 2); length--) {
      if (after.includes(pattern.slice(0, length))) {
        return `There is the beginning of ${shown}: ${JSON.stringify(pattern.slice(0, length))}.`
      }
    }
    return undefined
  }
  const flags = `m${pattern.flags.replaceAll(/[gmy]/g, '')}`
  if (new RegExp(pattern.source, flags).test(before)) return `${shown} came before: an earlier wait has gone past it.`
  const found = new RegExp(pattern.source, `i${flags.replace('i', '')}`).exec(after)?.[0]
  return found === undefined ? undefined : `There is ${JSON.stringify(found)}, which ${shown} matches but for the case.`
}
