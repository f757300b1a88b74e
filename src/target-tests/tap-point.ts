/** The line of a test in TAP. */
export interface TapPoint {
  readonly number: number | undefined
  readonly name: string | undefined
  readonly state: 'passed' | 'failed' | 'skipped'
  /** The reason of a skip, or the note of a test that is still to be done. */
  readonly message: string | undefined
}

const pointLine = /^(not )?ok(?:\s+(\d+))?(?:\s+-\s*|\s+|$)(.*)$/
/** `\#` is a character of the description (TAP 14, "Escaping"). */
const directiveText = /^((?:\\.|[^\\#])*)#\s*(skip|todo)\S*\s*(.*?)\s*$/i

/** Reads the line of a test. A test that is still to be done may fail. */
export function tapPoint(text: string): TapPoint | undefined {
  const [, not, number, rest = ''] = pointLine.exec(text) ?? []
  if (!/^(?:not )?ok\b/.test(text)) return undefined
  const [, before = rest, directive, note] = directiveText.exec(rest) ?? []
  const name = before.trim().replaceAll(/\\([#\\])/g, '$1')
  const isTodo = directive?.toLowerCase() === 'todo'
  const isSkipped = directive?.toLowerCase() === 'skip' || (isTodo && not !== undefined)
  return {
    number: number === undefined ? undefined : Number(number),
    name: name === '' ? undefined : name,
    state: isSkipped ? 'skipped' : not === undefined ? 'passed' : 'failed',
    message: directive === undefined || note === '' ? undefined : isTodo ? `to do: ${note}` : note,
  }
}
