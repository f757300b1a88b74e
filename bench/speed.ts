import { createColdStarts } from './cold.ts'
import { measurePair, nameOf, pairs, prepareExporters } from './pairs.ts'
import type { Plan } from './plan.ts'
import { readConditions, type SpeedResults } from './results.ts'
import { summarize } from './statistics.ts'

/** Rounds of everything, so that what else the machine does meets all of them alike. */
export interface SpeedOptions {
  readonly rounds: number
  readonly plan: Plan
  readonly print: (line: string) => void
}

/** Measures all pairs and all cold starts, one after another, several times. */
export async function measureSpeed({ rounds, plan, print }: SpeedOptions): Promise<SpeedResults> {
  const begin = performance.now()
  const conditions = await readConditions()
  const figures = new Samples()
  const cold = new Samples()
  await using projects = await createColdStarts()
  // Once without counting: what is on the disk comes into memory, and Python writes its compiled modules.
  for (const { measure } of projects.starts) await measure()
  await prepareExporters()
  for (let round = 1; round <= rounds; round++) {
    for (const pair of pairs) {
      print(`round ${round} of ${rounds}: ${nameOf(pair)}`)
      for (const [id, value] of Object.entries(await measurePair(pair, plan))) figures.add(nameOf(pair), id, value)
    }
    for (const { id, name, measure } of projects.starts) {
      print(`round ${round} of ${rounds}: ${name}`)
      cold.add('cold', id, await measure())
    }
  }
  const seconds = Math.round((performance.now() - begin) / 1000)
  return { ...conditions, rounds, seconds, pairs: figures.summaries(), cold: cold.summaries()['cold'] ?? {} }
}

/** Values by what they belong to and by figure. */
class Samples {
  readonly #values: Record<string, Record<string, number[]>> = {}

  add(group: string, id: string, value: number): void {
    const values = ((this.#values[group] ??= {})[id] ??= [])
    values.push(value)
  }

  summaries() {
    return mapValues(this.#values, (group) => mapValues(group, summarize))
  }
}

function mapValues<Value, Mapped>(
  record: Readonly<Record<string, Value>>,
  map: (value: Value) => Mapped,
): Record<string, Mapped> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}
