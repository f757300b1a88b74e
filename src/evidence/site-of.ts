import { fileURLToPath } from 'node:url'

import { thisCopy } from '../base/brand.ts'

/** A place in a file of the user. Lines and columns begin at 1. */
export interface Site {
  readonly file: string
  readonly line: number
  readonly column: number
}

const ownFolders = ['src/', 'dist/'].map((folder) => `${thisCopy.place}${folder}`)

/** Finds the first line of a stack that belongs to the user, and not to this package, another package or Node.js. */
export function siteOf(stack: string | undefined): Site | undefined {
  for (const line of stack?.split('\n') ?? []) {
    const place =
      /(?:\(|at )(?:async )?(?<place>(?:file:\/\/)?\/[^()]*?|[A-Za-z]:[^()]*?):(?<line>\d+):(?<column>\d+)\)?$/.exec(
        line,
      )?.groups
    if (place?.['place'] === undefined) continue
    const file = place['place'].startsWith('file:') ? fileURLToPath(place['place']) : place['place']
    if (file.includes('/node_modules/') || ownFolders.some((folder) => file.startsWith(folder))) continue
    return { file, line: Number(place['line']), column: Number(place['column']) }
  }
  return undefined
}
