import { fileOf, node, run } from './process.ts'
import { type ConsoleResults, readConditions } from './results.ts'
import { summarize } from './statistics.ts'

/** The patterns that a console waits for, by their names. */
export const consolePatterns: Readonly<Record<string, string | RegExp>> = {
  'a text': 'login: ',
  'an expression': /^\w+ login: /,
  'an expression over lines': /device number (\d)\s+\S+ login: /,
}

/** The amounts of output before the match, in megabytes. */
export const consoleMegabytes = [1, 5, 50] as const

/** The options of {@link measureConsole}. */
export interface ConsoleBenchOptions {
  readonly rounds: number
  readonly print: (line: string) => void
}

/** Measures how long a console takes through much output, each time in a new process. */
export async function measureConsole({ rounds, print }: ConsoleBenchOptions): Promise<ConsoleResults> {
  const times: Record<string, number[]> = {}
  for (let round = 1; round <= rounds; round++) {
    for (const name of Object.keys(consolePatterns)) {
      for (const megabytes of consoleMegabytes) {
        print(`round ${round} of ${rounds}: ${name}, ${megabytes} MB`)
        const { stdout } = await run(node(fileOf('programs/console.ts'), name, String(megabytes)))
        ;(times[`${name}|${megabytes}`] ??= []).push(Number(stdout))
      }
    }
  }
  const waits = Object.fromEntries(Object.entries(times).map(([key, values]) => [key, summarize(values)]))
  return { ...(await readConditions()), rounds, waits }
}
