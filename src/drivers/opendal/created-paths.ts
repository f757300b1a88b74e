import { realpath, rm } from 'node:fs/promises'
import { dirname, resolve, sep } from 'node:path'

import { normalizePath } from './paths.ts'

/** The paths that were created in a session. */
export class CreatedPaths {
  readonly #paths = new Set<string>()

  add(path: string): void {
    this.#paths.add(normalizePath(path))
  }

  delete(path: string): void {
    this.#paths.delete(normalizePath(path))
  }

  /** Lists the paths in order: a folder comes before its content. */
  list(): string[] {
    return [...this.#paths].toSorted()
  }

  /**
   * Removes the paths from a folder. Files outside of the folder stay, also if a link leads there, and so does the folder itself.
   *
   * @returns the paths that could not be removed
   */
  async removeFrom(root: string): Promise<{ path: string; error: unknown }[]> {
    const failed: { path: string; error: unknown }[] = []
    for (const path of this.list().toReversed()) {
      try {
        if (path !== '') await removeInside(root, path)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') failed.push({ path, error })
      }
    }
    this.#paths.clear()
    return failed
  }
}

async function removeInside(root: string, path: string): Promise<void> {
  const realRoot = await realpath(root)
  const file = resolve(realRoot, path)
  const parent = await realpath(dirname(file))
  if (parent !== realRoot && !parent.startsWith(realRoot === sep ? sep : `${realRoot}${sep}`)) {
    throw new Error(`a link leads to ${parent}, which is not in ${realRoot}`)
  }
  await rm(file, { recursive: true })
}
