import {
  copyFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'

const repository = fileURLToPath(new URL('../../', import.meta.url))

/** The versions of Vitest that the plugin supports, and where they are installed. */
export const vitestFolders = {
  'Vitest 5': join(repository, 'node_modules/vitest'),
  'Vitest 4.1': join(repository, 'test/vitest-4/node_modules/vitest'),
}

/** A version of {@link vitestFolders}. */
export type VitestVersion = keyof typeof vitestFolders

/** The driver of {@link boardYaml}: it writes down what happens to it, in a journal that the test reads. */
const board = `
import { appendFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Driver, call, defineInterface } from 'vitest-hardware'

export const Board = defineInterface({
  client: 'test.BoardClient',
  methods: { mark: call(), where: call(), hang: call(), relax: call() },
})
let session = 0
export class BoardDriver extends Driver {
  static interface = Board
  constructor(config) { super(); this.config = config }
  write(event, data) {
    appendFileSync('journal.jsonl', JSON.stringify({ exporter: this.config.name, session: this.session, event, data, time: Date.now() }) + '\\n')
  }
  async reset() {
    if (this.config.broken) throw new Error('no such device: /dev/ttyBOARD')
    this.session = \`\${process.pid}.\${session++}\`
    this.write('start')
    await delay(this.config.resetMs ?? 0)
  }
  mark(file) { this.write('mark', file) }
  where() { return this.session }
  hang() { this.write('hang'); return new Promise(() => {}) }
  relax() { this.write('relax') }
  close() {
    this.write('end')
    if (this.config.stuck) throw new Error('relay stuck')
  }
}
`

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
      board: { type: './board.mjs#BoardDriver', config: { name, ...config } },
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

/** A project in a folder of its own, with this package as users have it: compiled, below node_modules. */
export async function createProject(version: VitestVersion, files: Readonly<Record<string, string>>) {
  const cache = join(repository, '.cache')
  mkdirSync(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'project-'))
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, 'vitest-hardware'), { recursive: true })
  copyFileSync(join(repository, 'package.json'), join(modules, 'vitest-hardware/package.json'))
  linkFolder(join(repository, 'dist'), join(modules, 'vitest-hardware/dist'))
  symlinkSync(vitestFolders[version], join(modules, 'vitest'))
  const all = { 'package.json': '{ "type": "module" }', 'board.mjs': board, ...files }
  const write = (name: string, content: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  for (const [name, content] of Object.entries(all)) write(name, content)
  return {
    folder,
    write,
    remove: (name: string) => rmSync(join(folder, name)),
    /** Runs Vitest; `code` and the whole output as the user sees it. */
    async vitest(args: readonly string[], env: Record<string, string> = {}) {
      const { exitCode, all: output } = await startVitest(folder, args, env)
      return { code: exitCode, output: output ?? '' }
    },
    start: (args: readonly string[], env: Record<string, string> = {}) => startVitest(folder, args, env),
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
  options: { readonly detached?: boolean } = {},
) {
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^VITEST|^JMP_|^JUMPSTARTER/.test(name)),
  )
  return execa(process.execPath, [join(folder, 'node_modules/vitest/vitest.mjs'), ...args], {
    cwd: folder,
    env: { ...clean, NO_COLOR: '1', CI: '1', ...env },
    extendEnv: false,
    reject: false,
    all: true,
    stdin: 'ignore',
    timeout: 55_000,
    ...options,
  })
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
