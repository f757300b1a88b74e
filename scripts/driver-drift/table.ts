import type { ClientPath } from './compare.ts'
import { knownDifferences } from './known-differences.ts'

/** The table of docs/interop.md: a row for each path of a client, and a note for each reason of a difference. */
export function driftTable(paths: readonly ClientPath[]): string {
  const rows = paths.map(({ path, ours, drivers, differences }) => {
    const notes = knownDifferences.flatMap((known, index) =>
      known.differences.some((difference) => differences.includes(difference)) ? [index + 1] : [],
    )
    const methods = ours === undefined ? 0 : Object.keys(ours.methods).length
    const classes = drivers.map(({ driver }) => `\`${driver.replace(/^.*\./, '')}\``)
    const cells = [`\`${path}\``, ours === undefined ? '' : `\`${ours.name}\``, methods, classes.join(', ')]
    return `| ${[...cells, notes.join(', ')].join(' | ')} |`
  })
  const notes = knownDifferences.map(({ reason }, index) => `${index + 1}. ${reason}`)
  const head = ['| client | interface | methods | drivers | differences |', '|---|---|---|---|---|']
  return [...head, ...rows, '', ...notes].join('\n')
}
