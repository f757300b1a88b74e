import { readFileSync, statSync } from 'node:fs'
import { dirname, extname, resolve } from 'node:path'

import { readNeeds, type StaticNeed } from './read-needs.ts'

/** The number of imports that are followed from a test file: to a module, and to a module that it exports from. */
const maxDepth = 2

/** The endings that a path may leave out, and the source ending of each compiled one. */
const endings = ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs']
const sources: Readonly<Record<string, string>> = { '.js': '.ts', '.jsx': '.tsx', '.mjs': '.mts' }

/** Matches `import` and `export … from` with relative paths. Imports of types vanish when they are compiled. */
const imports =
  /\b(?:import|export)\b(?!\s*type\s*[{*\w])[^'"`;()=:]{0,2000}?\bfrom\s*['"](?<from>\.[^'"\n]*)['"]|\bimport\s*['"](?<all>\.[^'"\n]*)['"]/g

interface Module {
  readonly path: string
  readonly needs: Promise<readonly StaticNeed[]>
  /** The full paths of its relative imports. */
  readonly imports: readonly string[]
}

/**
 * Reads the needs of test files, also if another module calls `needs()` and the test file imports its `test`. Relative imports are
 * followed for two steps; other imports, such as an alias of the bundler, are not followed. Each module is read once.
 */
export class NeedsReader {
  readonly #modules = new Map<string, Module | undefined>()

  /** Reads the needs of a file; none if the file cannot be read. */
  async read(file: string): Promise<readonly StaticNeed[]> {
    const found = new Map<string, Module>()
    let step = [file]
    for (let depth = 0; depth <= maxDepth; depth++) {
      const modules = step.map((path) => this.#load(path)).filter((module) => module !== undefined)
      const fresh = modules.filter(({ path }) => !found.has(path))
      for (const module of fresh) found.set(module.path, module)
      step = fresh.flatMap((module) => module.imports)
    }
    return (await Promise.all(Array.from(found.values(), ({ needs }) => needs))).flat()
  }

  #load(path: string): Module | undefined {
    if (!this.#modules.has(path)) this.#modules.set(path, loadModule(path))
    return this.#modules.get(path)
  }
}

function loadModule(imported: string): Module | undefined {
  try {
    const path = findFile(imported)
    if (path === undefined) return undefined
    // The blocking call is much faster, and does not open many files at the same time.
    const code = readFileSync(path, 'utf8')
    const paths = Array.from(code.matchAll(imports), ({ groups }) => groups?.['from'] ?? groups?.['all'] ?? '')
    return { path, needs: readNeeds(code, path), imports: paths.map((to) => resolve(dirname(path), to)) }
  } catch {
    return undefined
  }
}

function findFile(imported: string): string | undefined {
  const ending = extname(imported)
  const source = sources[ending]
  const candidates = [
    ...(endings.includes(ending) ? [imported] : []),
    ...(source === undefined ? [] : [imported.slice(0, -ending.length) + source]),
    ...endings.flatMap((other) => [imported + other, resolve(imported, `index${other}`)]),
  ]
  return candidates.find((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
}
