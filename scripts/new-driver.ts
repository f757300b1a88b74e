/** Starts a new driver: `npm run new-driver -- usb-hub`. See {@link help}. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'

import { type ListEntry, insertSorted, listEntries } from './new-driver/lists.ts'
import { type DriverNames, skeleton, type SkeletonFile } from './new-driver/skeleton.ts'

const help = `Usage: npm run new-driver -- NAME

Writes the files of a new driver, its interface, its client and its tests, and adds them to the lists and to README.
The files are a small simulated device. They pass 'npm run check' and their tests; put the real device in its place.

  NAME  in kebab-case: relay, usb-hub
`

/** An argument that the script cannot use. */
class UsageError extends Error {}

/** @throws UsageError for a name that is not in kebab-case, or that something else has */
function readName(positionals: readonly string[]): DriverNames {
  const [kebab, ...others] = positionals
  if (kebab === undefined || others.length > 0) throw new UsageError(`Give one name.\n\n${help}`)
  if (!/^[a-z][a-z\d]*(?:-[a-z\d]+)*$/.test(kebab)) {
    throw new UsageError(`'${kebab}' is not in kebab-case. Names are such as relay or usb-hub.`)
  }
  const pascal = kebab.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())
  if (pascal in globalThis) throw new UsageError(`JavaScript has a ${pascal}. Choose another name.`)
  return { kebab, pascal }
}

/** The files of a new driver, and the lines that it needs in lists. */
interface Additions {
  readonly files: readonly SkeletonFile[]
  readonly entries: readonly ListEntry[]
}

/** @throws UsageError when a file or an export of that name is there already */
function checkIsFree(kebab: string, { files, entries }: Additions): void {
  const taken = [...files.map(({ path }) => path), `src/drivers/${kebab}`].find((path) => existsSync(path))
  if (taken !== undefined) throw new UsageError(`The name ${kebab} is taken: ${taken} is there. Choose another name.`)
  for (const { file, names } of entries) {
    const text = readFileSync(file, 'utf8')
    const found = names.find((name) => new RegExp(String.raw`\b${name}\b`).test(text))
    if (found !== undefined)
      throw new UsageError(`The name ${kebab} is taken: ${file} has ${found}. Choose another name.`)
  }
}

/** Runs a command of the repository. @throws Error with the command when it fails */
function run(program: string, args: readonly string[]): void {
  const { status } = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error(`'${[program, ...args].join(' ')}' failed; run it again by hand`)
}

function createDriver(names: DriverNames): void {
  const files = skeleton(names)
  const entries = listEntries(names)
  checkIsFree(names.kebab, { files, entries })
  // All texts are made before the first file is written, so that a list that cannot be extended leaves nothing behind.
  const lists = entries.map((entry) => ({
    path: entry.file,
    text: insertSorted(readFileSync(entry.file, 'utf8'), entry),
  }))
  for (const { path, text } of [...files, ...lists]) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  run(
    'node_modules/.bin/oxfmt',
    [...files, ...lists].map(({ path }) => path),
  )
  run(process.execPath, ['scripts/driver-table.ts'])
  console.log(report(names.kebab, { files, entries }))
}

function report(kebab: string, { files, entries }: Additions): string {
  const width = Math.max(...files.map(({ path }) => path.length))
  return [
    'Wrote',
    ...files.map(({ path, purpose }) => `  ${path.padEnd(width)}  ${purpose}`),
    'Added lines to',
    ...[...entries.map(({ file }) => file), 'README.md (the table of drivers)'].map((file) => `  ${file}`),
    'Next',
    '  1. Put the methods of the device into the interface, then into the driver, the client and the test.',
    "  2. If Jumpstarter has such a driver, use its names: its client's path in the interface and in src/clients/types.ts, and",
    "     its driver's type in src/drivers/types.ts.",
    "  3. Write the first sentence of the driver's comment: it is the driver's row in README. Then run npm run driver-table.",
    `  4. Run npm run check and npx vitest run test/drivers/${kebab}.test.ts test/conformance/${kebab}.test.ts test/catalog.test.ts`,
    '  5. Write its section of docs/drivers.md, run npm run driver-table again, and add a line to CHANGELOG.md.',
    '  6. Run npm run test:conformance, which writes its row of the table of real parts in docs/drivers.md.',
  ].join('\n')
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' } },
  })
  if (values.help === true) console.log(help)
  else createDriver(readName(positionals))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
