import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

/** A node of a syntax tree (ESTree, with TypeScript's nodes where the parser knows them). */
export interface SyntaxNode {
  readonly type: string
  readonly [key: string]: unknown
}

/** What is used of Vite, of which the versions that Vitest supports have different parts. */
interface Vite {
  /** Since Vite 8; knows TypeScript. */
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
 * @param file whose ending says in which language it is
 * @returns the program, or `undefined` where it cannot be parsed: the run itself will say so
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

/** Vite is a dependency of Vitest, not of this package, so that it is found from there. */
async function importVite(): Promise<Vite> {
  const { resolve } = await import('import-meta-resolve')
  const vitest = createRequire(import.meta.url).resolve('vitest/package.json')
  return (await import(/* @vite-ignore */ resolve('vite', pathToFileURL(vitest).href))) as Vite
}
