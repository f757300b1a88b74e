import { existsSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

/**
 * Finds the Python for a hook's script. Jumpstarter's exporter runs it with the Python that has Jumpstarter's packages, which is
 * the one beside `jmp`; that is often a virtual environment.
 *
 * @param path the value of the variable PATH
 * @returns the path of a program, or `python3` where Jumpstarter is not installed
 */
export function findPython(path: string = process.env['PATH'] ?? ''): string {
  const jmp = path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, 'jmp'))
    .find((file) => existsSync(file))
  if (jmp === undefined) return 'python3'
  const python = join(dirname(realpathSync(jmp)), 'python3')
  return existsSync(python) ? python : 'python3'
}
