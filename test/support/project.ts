import {
  copyFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'

const repository = fileURLToPath(new URL('../../', import.meta.url))

/** The versions of Vitest that the plugin supports, and the folders of their packages. */
const vitestFolders: Readonly<Record<string, string>> = {
  '5': join(repository, 'node_modules/vitest'),
  '4': join(repository, 'test/vitest-4/node_modules/vitest'),
}

/** The major version of Vitest that runs the projects of these tests; `vitest.config.ts` sets the variable. */
export const testedVitest = process.env['TESTED_VITEST'] ?? '5'

/** The variants of a test that only the stress suite has; `vitest.config.ts` sets the variable. */
export function inEveryVariant<Variant>(...variants: Variant[]): Variant[] {
  return process.env['EVERY_VARIANT'] === undefined ? [] : variants
}

/** The folder of the files that projects are made of. */
const projects = join(repository, 'test/e2e/projects')

/** The content of one file of `test/e2e/projects`, for a project that has it under another name or without its folder. */
export function projectFile(path: string): string {
  return readFileSync(join(projects, path), 'utf8')
}

/** An exporter with the driver of the journal. */
export function boardYaml(
  name: string,
  labels: Record<string, string> = {},
  config: object = {},
  safe?: readonly string[],
  hooks?: object,
): string {
  return JSON.stringify({
    apiVersion: 'jumpstarter.dev/v1alpha1',
    kind: 'ExporterConfig',
    metadata: { namespace: 'default', name },
    labels,
    ...(safe && { safe }),
    ...(hooks && { hooks }),
    export: {
      board: { type: './board.ts#BoardDriver', config: { name, ...config } },
      power: { type: 'jumpstarter_driver_power.driver.MockPower' },
      flasher: { type: 'jumpstarter_driver_opendal.driver.MockFlasher' },
    },
  })
}

/** One line of the journal. */
export interface JournalEntry {
  readonly exporter: string
  readonly session: string
  readonly event: 'start' | 'mark' | 'hang' | 'relax' | 'end'
  readonly data?: string
  readonly time: number
}

/**
 * Makes a project in a new folder, with this package as users have it: compiled, below node_modules. Every project has `board.ts`
 * from `test/e2e/projects`, whose driver writes the journal; tests import it as `#board`.
 *
 * @param files the contents of files that only this test needs, by path
 * @param from the folders of `test/e2e/projects` whose files the project has, too
 */
export async function createProject(files: Readonly<Record<string, string>>, ...from: readonly string[]) {
  const cache = join(repository, '.cache')
  mkdirSync(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'project-'))
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, 'vitest-hardware'), { recursive: true })
  copyFileSync(join(repository, 'package.json'), join(modules, 'vitest-hardware/package.json'))
  linkFolder(join(repository, 'dist'), join(modules, 'vitest-hardware/dist'))
  symlinkSync(vitestFolders[testedVitest] ?? '', join(modules, 'vitest'))
  for (const name of ['package.json', 'board.ts']) copyFileSync(join(projects, name), join(folder, name))
  for (const other of from) cpSync(join(projects, other), folder, { recursive: true })
  const write = (name: string, content: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  for (const [name, content] of Object.entries(files)) write(name, content)
  return {
    folder,
    write,
    remove: (name: string) => rmSync(join(folder, name)),
    /** Runs Vitest; `code` and the whole output as the user sees it. */
    async vitest(args: readonly string[], env: Record<string, string> = {}) {
      // One file has both outputs in the order in which they were written; two pipes are read in any order.
      const path = `${folder}.output`
      const file = await open(path, 'a')
      const output = file.createWriteStream()
      try {
        const { exitCode } = await execa(process.execPath, [vitestProgram(folder), ...args], {
          ...vitestProcess(folder, env),
          stdio: ['ignore', output, output],
        })
        return { code: exitCode, output: readFileSync(path, 'utf8') }
      } finally {
        await file.close()
        rmSync(path)
      }
    },
    start: (args: readonly string[], env: Record<string, string> = {}, options: { readonly timeout?: number } = {}) =>
      startVitest(folder, args, env, options),
    journal(): JournalEntry[] {
      let text = ''
      try {
        text = readFileSync(join(folder, 'journal.jsonl'), 'utf8')
      } catch {
        // No session has started.
      }
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as JournalEntry)
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Gives files another place, where they are as if they were copied there, in much less time. */
function linkFolder(from: string, to: string): void {
  mkdirSync(to)
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) linkFolder(source, target)
    else linkSync(source, target)
  }
}

/** Starts the project's Vitest with a clean environment. */
export function startVitest(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  options: { readonly detached?: boolean; readonly timeout?: number } = {},
) {
  return execa(process.execPath, [vitestProgram(folder), ...args], {
    ...vitestProcess(folder, env),
    all: true,
    stdin: 'ignore',
    ...options,
  })
}

const vitestProgram = (folder: string) => join(folder, 'node_modules/vitest/vitest.mjs')

function vitestProcess(folder: string, env: Readonly<Record<string, string>>) {
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^VITEST|^JMP_|^JUMPSTARTER/.test(name)),
  )
  return {
    cwd: folder,
    env: { ...clean, NO_COLOR: '1', CI: '1', ...env },
    extendEnv: false,
    reject: false,
    timeout: 55_000,
  } as const
}

/** A configuration with the plugin. */
export function config(options: object, test: object = {}): string {
  return `
import { defineConfig } from 'vitest/config'
import { hardware } from 'vitest-hardware/plugin'
export default defineConfig({ plugins: [hardware(${JSON.stringify(options)})], test: ${JSON.stringify(test)} })
`
}

/** The sessions of a journal, with who used them. */
export function sessionsOf(journal: readonly JournalEntry[]) {
  return [...Map.groupBy(journal, ({ exporter, session }) => `${exporter} ${session}`).values()].map((entries) => ({
    exporter: entries[0]?.exporter ?? '',
    start: entries.find(({ event }) => event === 'start')?.time ?? 0,
    end: entries.find(({ event }) => event === 'end')?.time ?? Infinity,
    files: [...new Set(entries.flatMap(({ data }) => data ?? []))],
  }))
}
