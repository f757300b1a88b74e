import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

/** A node of a syntax tree: ESTree, with TypeScript's nodes if the parser knows them. */
export interface SyntaxNode {
  readonly type: string
  readonly [key: string]: unknown
}

/** The parts of Vite that parse. Each version of Vite that Vitest supports has some of them. */
interface Vite {
  /** Parses TypeScript, too; since Vite 8. */
  readonly parseSync?: (
    file: string,
    code: string,
  ) => { readonly program: SyntaxNode; readonly errors: readonly unknown[] }
  readonly transformWithEsbuild: (code: string, file: string) => Promise<{ readonly code: string }>
  readonly parseAstAsync: (code: string) => Promise<SyntaxNode>
}

let vite: Promise<Vite> | undefined

/**
 * Parses a module with the Vite that runs the tests.
 *
 * @param file the path of the module; its ending gives the language
 * @returns the program; `undefined` if it has syntax errors, which the run reports
 */
export async function parseModule(code: string, file: string): Promise<SyntaxNode | undefined> {
  try {
    const { parseSync, transformWithEsbuild, parseAstAsync } = await (vite ??= importVite())
    if (parseSync === undefined) return await parseAstAsync((await transformWithEsbuild(code, file)).code)
    const { program, errors } = parseSync(file, code)
    return errors.length === 0 ? program : undefined
  } catch {
    return undefined
  }
}

/** Finds Vite from Vitest, because it is a dependency of Vitest and not of this package. */
async function importVite(): Promise<Vite> {
  const { resolve } = await import('import-meta-resolve')
  const vitest = createRequire(import.meta.url).resolve('vitest/package.json')
  return (await import(/* @vite-ignore */ resolve('vite', pathToFileURL(vitest).href))) as Vite
}
