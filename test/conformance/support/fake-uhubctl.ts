import { chmod, readFile, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

import { createPrivateFolder } from '../../../src/base/private-folder.ts'

/** What uhubctl prints and how it ends. */
export interface Recording {
  readonly stdout?: string
  readonly stderr?: string
  readonly exitCode?: number
}

/**
 * Puts a program `uhubctl` in front of the real one in PATH. It notes its arguments and plays what a user of uhubctl has recorded
 * for them.
 *
 * @param recordings by the arguments, with spaces between them
 */
export async function playUhubctl(recordings: Readonly<Record<string, Recording>>) {
  const folder = await createPrivateFolder()
  const path = (name: string) => join(folder.path, name)
  const cases = await Promise.all(
    Object.entries(recordings).map(async ([args, { stdout = '', stderr = '', exitCode = 0 }], index) => {
      await writeFile(path(`${index}.out`), stdout)
      await writeFile(path(`${index}.err`), stderr)
      return `'${args}') cat ${path(`${index}.out`)}; cat ${path(`${index}.err`)} >&2; exit ${exitCode} ;;`
    }),
  )
  const script = ['#!/bin/sh', `echo "$*" >> ${path('calls')}`, 'case "$*" in', ...cases, 'esac', 'exit 99', '']
  await writeFile(path('uhubctl'), script.join('\n'))
  await writeFile(path('calls'), '')
  await chmod(path('uhubctl'), 0o700)
  const before = process.env['PATH']
  process.env['PATH'] = [folder.path, before].join(delimiter)
  return {
    calls: async () => (await readFile(path('calls'), 'utf8')).split('\n').slice(0, -1),
    async [Symbol.asyncDispose]() {
      process.env['PATH'] = before
      await folder.remove()
    },
  }
}
