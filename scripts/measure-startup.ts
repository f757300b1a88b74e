/**
 * Prints how long importing the package takes in a fresh process, and how long from `serve()` to the first answered call
 * once the modules are loaded. Run `npm run build` first; every figure is the median of ten.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const entry = (name: string) => fileURLToPath(new URL(`../dist/${name}index.js`, import.meta.url))
const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
const measure = (script: string) => {
  const times = Array.from({ length: 10 }, () =>
    Number(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })),
  )
  return `${median(times).toFixed(0)} ms (${Math.min(...times).toFixed(0)}–${Math.max(...times).toFixed(0)})`
}

const imported = `
const start = performance.now()
await import(${JSON.stringify(entry(''))})
process.stdout.write(String(performance.now() - start))
`
const served = `
const { serve } = await import(${JSON.stringify(entry(''))})
const { MockPower } = await import(${JSON.stringify(entry('drivers/'))})
const once = async () => {
  const start = performance.now()
  const power = await serve(new MockPower())
  await power.on()
  const time = performance.now() - start
  await power[Symbol.asyncDispose]()
  return time
}
const first = await once()
const second = await once()
process.stdout.write(String(process.argv[1] === 'first' ? first : second))
`

console.log(`import 'vitest-hardware':                            ${measure(imported)}`)
console.log(`serve() to the first answer, modules loaded:         ${measure(served)}`)
console.log(
  `serve() to the first answer, modules loaded by it:   ${measure(served.replaceAll("process.argv[1] === 'first'", 'true'))}`,
)
