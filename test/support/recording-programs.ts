import { chmod, readFile, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

import { createPrivateFolder } from '../../src/base/private-folder.ts'

/** Programs in a folder of their own, in front of PATH. */
export interface RecordingPrograms extends AsyncDisposable {
  readonly folder: string
  /** The arguments of the last run of a program; `undefined` if it was not run. */
  lastArguments(program: string): Promise<readonly string[] | undefined>
}

/**
 * Puts programs in front of the real ones in PATH that note the arguments they get. They print nothing and succeed.
 *
 * @param names the names of the programs
 * @param options.alone true to leave nothing else in PATH (default false)
 */
export async function recordPrograms(names: readonly string[], { alone = false } = {}): Promise<RecordingPrograms> {
  const folder = await createPrivateFolder()
  const notes = (name: string) => join(folder.path, `${name}.arguments`)
  for (const name of names) {
    const path = join(folder.path, name)
    // The arguments end with the one character that they cannot have.
    await writeFile(path, `#!/bin/sh\nfor argument; do printf '%s\\0' "$argument"; done >'${notes(name)}'\n`)
    await chmod(path, 0o700)
  }
  const before = process.env['PATH']
  process.env['PATH'] = alone ? folder.path : [folder.path, before].join(delimiter)
  return {
    folder: folder.path,
    async lastArguments(program) {
      const text = await readFile(notes(program), 'utf8').catch(() => undefined)
      return text?.split('\0').slice(0, -1)
    },
    async [Symbol.asyncDispose]() {
      process.env['PATH'] = before
      await folder.remove()
    },
  }
}
