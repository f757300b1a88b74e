import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, test } from 'vitest'

import { claimsOf } from '../support/claims.ts'
import { startGroup } from '../support/faulty-run.ts'
import { boardYaml, config, createProject, type JournalEntry } from '../support/project.ts'
import { scaled } from './support/scaled.ts'

const killsPerLane = scaled(100)
/** Projects with boards of their own, at the same time: most of a run is waiting. */
const lanes = [0, 1]
const seed = Number(process.env['FAULTS_SEED'] ?? Date.now() % 1_000_000)
const boards = ['one', 'two']

/** Folders younger than this are not taken to be abandoned (src/abandoned-folders.ts), in milliseconds. */
const youngMs = 10_000

const kinds = ['run SIGKILL', 'run SIGTERM', 'group SIGINT', 'worker SIGKILL', 'exporter SIGKILL'] as const

interface Kill {
  readonly kind: (typeof kinds)[number]
  /** The time since the start of the run, in milliseconds. */
  readonly atMs: number
  /** The victim among several, as a number from 0 to 1. */
  readonly which: number
}

/** The kills in one run. */
const round: fc.Arbitrary<readonly Kill[]> = fc.array(
  fc.record({
    kind: fc.constantFrom(...kinds),
    atMs: fc.integer({ min: 0, max: 2_500 }),
    which: fc.double({ min: 0, max: 0.999, noNaN: true }),
  }),
  { minLength: 3, maxLength: 6 },
)

const fileOf = (board: string, name: string) => `
import { needs } from 'vitest-hardware'
import { setTimeout as delay } from 'node:timers/promises'
import { Board } from './board.ts'
const test = needs({ dut: { selector: 'board=${board}', drivers: { board: Board } } })
test('uses its board for a while', async ({ dut }) => {
  for (let n = 0; n < 5; n++) {
    await dut.board.mark('${name}')
    await delay(50)
  }
})`

type KillingProject = Awaited<ReturnType<typeof createKillingProject>>

async function createKillingProject() {
  const project = await createProject({
    ...Object.fromEntries(
      boards.map((name) => [`${name}.yaml`, boardYaml(name, { board: name }, {}, ['board.relax'])]),
    ),
    // Vitest waits that long for a worker that was killed while it started, though it knows that it has gone.
    'vitest.config.js': config(
      { exporters: { one: 'one.yaml', two: 'two.yaml' } },
      { maxWorkers: 4, teardownTimeout: 2_000 },
    ),
    'a.test.js': fileOf('one', 'a'),
    'b.test.js': fileOf('one', 'b'),
    'c.test.js': fileOf('two', 'c'),
    'd.test.js': fileOf('two', 'd'),
  })
  const folder = realpathSync(project.folder)
  let seen = 0
  return {
    start: (...files: readonly string[]) => startGroup(project, ['run', ...files]),
    temporary: join(folder, 'tmp'),
    processes: () => processesIn(folder),
    /** The entries that are new since the last call. */
    news: () => {
      const entries = project.journal().slice(seen)
      seen += entries.length
      return entries
    },
    claims: () => boards.flatMap((name) => claimsOf(join(folder, `${name}.yaml`))),
    [Symbol.asyncDispose]: async () => {
      for (const { pid } of processesIn(folder)) send(pid, 'SIGKILL')
      await project[Symbol.asyncDispose]()
    },
  }
}

/** The processes that work in a folder, under any name. */
function processesIn(folder: string) {
  return readdirSync('/proc').flatMap((entry) => {
    try {
      if (!/^\d+$/.test(entry) || readlinkSync(`/proc/${entry}/cwd`) !== folder) return []
      const command = readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
      return [{ pid: Number(entry), command }]
    } catch {
      // It has ended meanwhile.
      return []
    }
  })
}

/** @returns true if there was such a process */
function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

/** Makes one of the kills. @returns true if its victim was there */
function perform({ kind, which }: Kill, main: number, processes: ReturnType<typeof processesIn>): boolean {
  const [target, signal] = kind.split(' ') as ['run' | 'group' | 'worker' | 'exporter', NodeJS.Signals]
  const isThere = processes.some(({ pid }) => pid === main)
  if (target === 'run') return isThere && send(main, signal)
  if (target === 'group') return isThere && send(-main, signal)
  const others = processes.filter(({ pid }) => pid !== main)
  const found = others.filter(({ command }) => command.includes('exporter-process') === (target === 'exporter'))
  const victim = found[Math.floor(which * found.length)]
  return victim !== undefined && send(victim.pid, signal)
}

/** A run with its kills. @returns those that hit something, and a description for messages */
async function runAndKill(project: KillingProject, planned: readonly Kill[]) {
  const begin = performance.now()
  const { run } = project.start()
  const ended = new AbortController()
  const ending = run.finally(() => ended.abort())
  const kills: Kill[] = []
  for (const kill of planned.toSorted((one, other) => one.atMs - other.atMs)) {
    const waitMs = Math.max(0, kill.atMs - (performance.now() - begin))
    await delay(waitMs, undefined, { signal: ended.signal }).catch(() => undefined)
    // Exporters of a run that has been killed are there for some moments more, and can be killed too.
    if (perform(kill, run.pid ?? 0, project.processes())) kills.push(kill)
  }
  const { exitCode, signal, all } = await ending
  const happened = kills.map(({ kind, atMs }) => `${kind} at ${atMs} ms`).join(', ') || 'nothing'
  return { kills, description: `${happened}; ended with ${exitCode ?? signal}\n${all}` }
}

/** True if nobody was left who could have made the boards safe: an exporter was killed, and its run ended at once. */
function isHopeless(kills: readonly Kill[]): boolean {
  const ofRun = kills.filter(({ kind }) => kind.startsWith('run') || kind.startsWith('group'))
  const endsAtOnce = ofRun.length > 1 || ofRun.some(({ kind }) => kind.endsWith('SIGKILL'))
  return endsAtOnce && kills.some(({ kind }) => kind.startsWith('exporter'))
}

/**
 * True if the replacement of an exporter may have been killed too, before it had made the board safe. It is not
 * tried a third time; the run says so, and the next lease makes the board safe.
 */
function mayFailToRecover(kills: readonly Kill[]): boolean {
  return kills.filter(({ kind }) => kind.startsWith('exporter')).length > 1
}

/** The boards that were used, and not left as they have to be. */
function unsafeBoards(journal: readonly JournalEntry[]): string[] {
  return boards.filter((board) => {
    const events = journal.filter(({ exporter }) => exporter === board).map(({ event }) => event)
    return events.length > 0 && events.slice(-2).join() !== 'relax,end'
  })
}

describe.concurrent(`FAULTS_SEED=${seed}`, () => {
  test.for(lanes)(
    'kills leave boards safe, and nothing behind (%i)',
    { timeout: 600_000 },
    async (lane, { expect }) => {
      const begin = performance.now()
      await using project = await createKillingProject()
      const done: Kill[] = []
      let [rounds, hopeless, unrecovered] = [0, 0, 0]
      for (const planned of fc.sample(fc.noBias(round), {
        seed: seed * lanes.length + lane,
        numRuns: 2 * killsPerLane,
      })) {
        if (done.length >= killsPerLane) break
        const { kills, description } = await runAndKill(project, planned)
        const message = `round ${++rounds}: ${description}`
        done.push(...kills)
        await expect.poll(project.processes, { timeout: 25_000, message }).toEqual([])
        const unsafe = unsafeBoards(project.news())
        if (isHopeless(kills)) hopeless += unsafe.length
        else if (mayFailToRecover(kills)) {
          for (const board of unsafe) {
            expect(description).toMatch(
              new RegExp(`exporter ${board} .*its devices may not be safe: Exporter ${board} `),
            )
          }
          unrecovered += unsafe.length
        } else expect(unsafe, message).toEqual([])

        const { exitCode, all } = await project.start('a', 'c').run
        expect(exitCode, `the run after ${message}\n${all}`).toBe(0)
        const next = project.news()
        expect(new Set(next.map(({ exporter }) => exporter))).toEqual(new Set(boards))
        expect(unsafeBoards(next), message).toEqual([])
      }
      expect(done.length).toBeGreaterThanOrEqual(killsPerLane)

      // Folders of the last rounds are too young to be taken for abandoned until then.
      await delay(youngMs)
      const { run, leftovers } = project.start('a', 'c')
      expect((await run).exitCode).toBe(0)
      expect(project.processes()).toEqual([])
      expect(project.claims()).toEqual([])
      expect(leftovers(), readdirSync(project.temporary, { recursive: true }).join('\n')).toEqual([])
      const counts = Map.groupBy(done, ({ kind }) => kind)
      console.log(
        `FAULTS_SEED=${seed}, ${lane}: ${done.length} kills in ${rounds} runs and ${Math.round((performance.now() - begin) / 1000)} s:`,
        kinds.map((kind) => `${counts.get(kind)?.length ?? 0} ${kind}`).join(', '),
        `(${hopeless} boards were left unsafe until the next run, by kills of both a run and its exporter; ${unrecovered} by those of an exporter and its replacement)`,
      )
    },
  )
})
