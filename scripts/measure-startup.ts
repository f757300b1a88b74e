/**
 * Prints how long importing the package takes in a fresh process, and how long from `serve()` to the first answered call
 * once the modules are loaded. Run `npm run build` first; every figure is the median of fifteen.
 *
 * `node scripts/measure-startup.ts FOLDER` measures another checkout, which has been built, in turn with this one.
 */
import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const rounds = 15
const here = fileURLToPath(new URL('..', import.meta.url))
const folders = [here, ...process.argv.slice(2).map((folder) => resolve(folder))]
const entry = (folder: string, name: string) => JSON.stringify(pathToFileURL(`${folder}/dist/${name}index.js`).href)

/** A program that imports modules, and then prints its time and the processor time of the process, in milliseconds. */
const importing =
  (...names: string[]) =>
  (folder: string) =>
    `const start = performance.now()
    const used = process.cpuUsage()
    ${names.map((name) => `await import(${entry(folder, name)})`).join('\n')}
    const { user, system } = process.cpuUsage(used)
    console.log(JSON.stringify([performance.now() - start, (user + system) / 1000]))`

/** A program that prints the time of `serve()` and a call. */
const serving = (isFirst: boolean) => (folder: string) =>
  `const { serve } = await import(${entry(folder, '')})
  const { MockPower } = await import(${entry(folder, 'drivers/')})
  const once = async () => {
    const start = performance.now()
    const used = process.cpuUsage()
    const power = await serve(new MockPower())
    await power.on()
    const { user, system } = process.cpuUsage(used)
    const times = [performance.now() - start, (user + system) / 1000]
    await power[Symbol.asyncDispose]()
    return times
  }
  const first = await once()
  console.log(JSON.stringify(${isFirst ? 'first' : 'await once()'}))`

const steps: readonly (readonly [name: string, program: (folder: string) => string])[] = [
  ["import 'vitest-hardware'", importing('')],
  ["import 'vitest-hardware/clients'", importing('clients/')],
  ['import both', importing('', 'clients/')],
  ["import 'vitest-hardware/plugin'", importing('plugin/')],
  ["import 'vitest-hardware/drivers'", importing('drivers/')],
  ['serve() to the first answer, modules loaded', serving(false)],
  ['serve() to the first answer, modules loaded by it', serving(true)],
]

function run(program: string): [time: number, processor: number] {
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' })
  return JSON.parse(output) as [number, number]
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

for (const [name, program] of steps) {
  const all = folders.map(() => [] as [number, number][])
  for (let round = 0; round < rounds; round++) {
    for (const [index, folder] of folders.entries()) all[index]?.push(run(program(folder)))
  }
  for (const [index, folder] of folders.entries()) {
    const times = (all[index] ?? []).map(([time]) => time)
    const processor = median((all[index] ?? []).map(([, used]) => used))
    const range = `${Math.min(...times).toFixed(0)}–${Math.max(...times).toFixed(0)}`
    const place = folders.length > 1 ? `  ${folder}` : ''
    console.log(
      `${name.padEnd(50)} ${median(times).toFixed(0)} ms (${range}), processor ${processor.toFixed(0)} ms${place}`,
    )
  }
}
