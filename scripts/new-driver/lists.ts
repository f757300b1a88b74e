import type { DriverNames } from './skeleton.ts'

/** A line that a new driver needs in a list. */
export interface ListEntry {
  /** The path of the list from the root of the repository. */
  readonly file: string
  /** Matches one entry of the list, with its key as the first group. */
  readonly pattern: RegExp
  /** The key by which entries are sorted. */
  readonly key: string
  readonly line: string
  /** The names that the line adds. None of them may be in the list before. */
  readonly names: readonly string[]
}

/** `export { … } from 'key'` */
const exportPattern = /^export [^']*from '(?<key>[^']+)'\n/gm
/** `'key': async () => …`, with the comments above it */
const typePattern = /(?:^ {4}\/\/.*\n)*^ {4}'(?<key>[^']+)':[\s\S]*?,\n(?= {4}['/]| {2}\}\))/gm

/** The lines that a new driver needs, besides its row in README. */
export function listEntries({ kebab, pascal }: DriverNames): readonly ListEntry[] {
  const [driver, client, config] = [`${pascal}Driver`, `${pascal}Client`, `${pascal}Config`]
  const exportFrom = (file: string, key: string, exported: string, names: readonly string[]): ListEntry => ({
    file,
    pattern: exportPattern,
    key,
    line: `export { ${exported} } from '${key}'\n`,
    names,
  })
  const typeIn = (file: string, key: string, from: string, name: string): ListEntry => ({
    file,
    pattern: typePattern,
    key,
    line: `    '${key}': async () => (await import('${from}')).${name},\n`,
    names: [key],
  })
  const [driverFile, clientFile] = [`./${kebab}/${kebab}-driver.ts`, `./drivers/${kebab}-client.ts`]
  return [
    exportFrom('src/interfaces/index.ts', `./${kebab}.ts`, pascal, [pascal]),
    exportFrom('src/drivers/index.ts', driverFile, `type ${config}, ${driver}`, [driver, config]),
    typeIn('src/drivers/types.ts', `vitest-hardware/drivers#${driver}`, driverFile, driver),
    exportFrom('src/clients/index.ts', clientFile, client, [client]),
    typeIn('src/clients/types.ts', `vitest-hardware/clients#${client}`, clientFile, client),
  ]
}

/**
 * Adds a line to a list, in front of the first entry with a greater key.
 *
 * @throws Error when the list has no entry that the pattern matches
 */
export function insertSorted(text: string, { file, pattern, key, line }: ListEntry): string {
  const entries = [...text.matchAll(pattern)]
  const last = entries.at(-1)
  if (last === undefined) throw new Error(`${file} has no entry such as ${line.trim()}`)
  const next = entries.find(({ groups }) => (groups?.['key'] ?? '') > key)
  const at = next?.index ?? last.index + last[0].length
  return `${text.slice(0, at)}${line}${text.slice(at)}`
}
