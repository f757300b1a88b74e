import { chmod, readFile, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

import { createPrivateFolder } from '../../src/base/private-folder.ts'

/** Programs in a folder of their own, in front of PATH. */
export interface RecordingPrograms extends AsyncDisposable {
  readonly folder: string
  /** The arguments of the last run of a program; `undefined` if it was not run. */
  lastArguments(program: string): Promise<readonly string[] | undefined>
  /** The arguments of each run of a program. */
  allArguments(program: string): Promise<readonly (readonly string[])[]>
}

/**
 * Puts programs in front of the real ones in PATH that note the arguments they get. They succeed.
 *
 * @param names the names of the programs
 * @param options.prints the line that all of them print (default none)
 * @param options.alone true to leave nothing else in PATH (default false)
 */
export async function recordPrograms(
  names: readonly string[],
  { alone = false, prints = '' } = {},
): Promise<RecordingPrograms> {
  const folder = await createPrivateFolder()
  const notes = (name: string) => join(folder.path, `${name}.arguments`)
  const runs = (name: string) => `${notes(name)}.runs`
  const output = join(folder.path, 'output')
  await writeFile(output, prints === '' ? '' : `${prints}\n`)
  for (const name of names) {
    const path = join(folder.path, name)
    // The arguments end with the one character that they cannot have.
    const lines = [
      '#!/bin/sh',
      `for argument; do printf '%s\\0' "$argument"; done >'${notes(name)}'`,
      // Programs of a test that leaves nothing else in PATH have to print nothing.
      ...(prints === '' ? [] : [`cat '${output}'`]),
      `for argument; do printf '%s\\0' "$argument"; done >>'${runs(name)}'`,
      `printf '\\001\\0' >>'${runs(name)}'`,
    ]
    await writeFile(path, `${lines.join('\n')}\n`)
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
    async allArguments(program) {
      const text = await readFile(runs(program), 'utf8').catch(() => '')
      const all = text.split('\u0001\0').slice(0, -1)
      return all.map((run) => run.split('\0').slice(0, -1))
    },
    async [Symbol.asyncDispose]() {
      process.env['PATH'] = before
      await folder.remove()
    },
  }
}
