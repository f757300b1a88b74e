import { HardwareError } from '../errors.ts'

/** One condition of a selector, with Kubernetes' names for its operators. */
export interface Requirement {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  readonly values: readonly string[]
}

/** Kubernetes' syntax: a name, with an optional DNS domain and a slash before it. */
const keyPattern = /(?:[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?/y
const valuePattern = /[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?/y

/**
 * Reads a Kubernetes label selector: conditions separated by commas, all of which have to hold.
 * `key=value`, `key==value`, `key!=value`, `key in (a,b)`, `key notin (a,b)`, `key`, `!key`.
 *
 * @returns no requirements for an empty selector, which any exporter satisfies
 * @throws HardwareError SELECTOR_INVALID with the place of the mistake
 */
export function parseSelector(selector: string): readonly Requirement[] {
  const parser = new Parser(selector)
  return parser.parse()
}

/** Writes one condition in the syntax of selectors. */
export function formatRequirement({ key, operator, values }: Requirement): string {
  if (operator === 'Exists') return key
  if (operator === 'DoesNotExist') return `!${key}`
  return `${key} ${operator.toLowerCase()} (${values.join(',')})`
}

/** True if labels satisfy a selector. As in Kubernetes, `!=` and `notin` also hold for a missing label. */
export function matchesSelector(
  labels: Readonly<Record<string, string>>,
  requirements: readonly Requirement[],
): boolean {
  return requirements.every((requirement) => holds(labels, requirement))
}

/** True if labels satisfy one condition. */
export function holds(labels: Readonly<Record<string, string>>, { key, operator, values }: Requirement): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
  }
}

class Parser {
  readonly #text: string
  #position = 0

  constructor(text: string) {
    this.#text = text
  }

  parse(): Requirement[] {
    const requirements: Requirement[] = []
    if (this.#atEnd()) return requirements
    do requirements.push(this.#requirement())
    while (this.#take(','))
    if (!this.#atEnd()) throw this.#error("expected ',' or the end")
    return requirements
  }

  #requirement(): Requirement {
    if (this.#take('!')) return { key: this.#key(), operator: 'DoesNotExist', values: [] }
    const key = this.#key()
    if (this.#take('!=')) return { key, operator: 'NotIn', values: [this.#value()] }
    if (this.#take('==') || this.#take('=')) return { key, operator: 'In', values: [this.#value()] }
    if (this.#word('in')) return { key, operator: 'In', values: this.#list() }
    if (this.#word('notin')) return { key, operator: 'NotIn', values: this.#list() }
    return { key, operator: 'Exists', values: [] }
  }

  #list(): string[] {
    if (!this.#take('(')) throw this.#error("expected '('")
    const values: string[] = []
    do values.push(this.#value())
    while (this.#take(','))
    if (!this.#take(')')) throw this.#error("expected ',' or ')'")
    return values
  }

  #key(): string {
    const key = this.#match(keyPattern)
    if (key === undefined) throw this.#error('expected the name of a label')
    return key
  }

  /** A value may be empty: `key=` asks for the empty label. */
  #value(): string {
    return this.#match(valuePattern) ?? ''
  }

  #word(word: string): boolean {
    this.#skipSpace()
    const rest = this.#text.slice(this.#position)
    if (!rest.startsWith(word) || !/^[\s(]/.test(rest.slice(word.length))) return false
    this.#position += word.length
    return true
  }

  #take(token: string): boolean {
    this.#skipSpace()
    if (!this.#text.startsWith(token, this.#position)) return false
    this.#position += token.length
    return true
  }

  #match(pattern: RegExp): string | undefined {
    this.#skipSpace()
    pattern.lastIndex = this.#position
    const found = pattern.exec(this.#text)?.[0]
    if (found !== undefined) this.#position += found.length
    return found
  }

  #atEnd(): boolean {
    this.#skipSpace()
    return this.#position === this.#text.length
  }

  #skipSpace(): void {
    while (/\s/.test(this.#text[this.#position] ?? '')) this.#position++
  }

  #error(what: string): HardwareError {
    const place = `${this.#text}\n${' '.repeat(this.#position)}^`
    return new HardwareError(
      'SELECTOR_INVALID',
      `Invalid selector, ${what} at character ${this.#position + 1}:\n${place}`,
    )
  }
}
