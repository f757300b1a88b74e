import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'

import { loadClientConfig } from '../../../src/leases/controller/client-config.ts'
import { leaseFromController } from '../../../src/leases/controller/lease-from-controller.ts'
import { describe as describeEvent } from '../../../src/leases/describe-event.ts'
import { ControllerCalls } from '../../../src/protocol/controller/controller-calls.ts'
import { pythonMissing } from '../../interop/support/python.ts'
import { connectTo, use } from '../../support/controller/serve-lab.ts'
import { config, createProject, projectFile } from '../../support/project.ts'
import { untilSucceeds } from '../../support/until-succeeds.ts'
import { ExporterProcess } from './exporter-process.ts'
import type { Fleet, StartFleet } from './fleet.ts'

/** The exporters of the tests; `away` never runs. */
const labels = {
  one: { board: 'one', kind: 'ours' },
  two: { board: 'two', kind: 'ours' },
  python: { board: 'python' },
  away: { board: 'away' },
} as const

/** A fleet to test. */
export interface TestedFleet {
  /** The name in the figures that the tests print. */
  readonly name: string
  readonly start: StartFleet
  /** The times for which the controller and the router are away, in milliseconds. */
  readonly downTimesMs: readonly number[]
}

/**
 * Tests a controller and its router with exporters and clients of ours, and exporters of Python. All controllers, also the double of
 * the other tests, have to give the same results.
 */
export function testFleet({ name, start, downTimesMs }: TestedFleet): void {
  let fleet: Fleet
  let exporters: Readonly<Record<'one' | 'two' | 'python', ExporterProcess>>
  const withPython = pythonMissing() === undefined
  const running = new AsyncDisposableStack()

  beforeAll(async () => {
    fleet = running.use(await start({ exporters: labels, clients: ['ci', 'other'] }))
    const calls = new ControllerCalls(await loadConfig())
    // One that has just started refuses every token.
    await untilSucceeds('a controller that accepts tokens', () => calls.leases())
    calls.close()
    exporters = {
      one: running.use(new ExporterProcess(fleet, 'one')),
      two: running.use(new ExporterProcess(fleet, 'two')),
      python: running.use(new ExporterProcess(fleet, 'python', 'python')),
    }
  })
  afterAll(() => running.disposeAsync())

  const loadConfig = (client = 'ci') => loadClientConfig({ file: fleet.clientFile(client) }, {})
  const callsOf = async (client = 'ci') => {
    const calls = new ControllerCalls(await loadConfig(client))
    onTestFinished(() => calls.close())
    return calls
  }
  const statusOf = async (name: string) => {
    const { online, status } = await (await callsOf()).exporter(name)
    return online ? status : 'OFFLINE'
  }
  /** Waits until an exporter says that it is available. @returns the time that it took, in milliseconds */
  const untilAvailable = async (name: string) => {
    const begin = performance.now()
    await expect.poll(() => statusOf(name), { timeout: 30_000, interval: 100 }).toBe('AVAILABLE')
    return performance.now() - begin
  }
  /** Makes sure that exporters run and are available. */
  const need = async (...names: (keyof typeof exporters)[]) => {
    for (const name of names) if (!exporters[name].isAlive) exporters[name].start()
    await Promise.all(names.map((name) => untilAvailable(name)))
  }
  /** Leases an exporter, until the test ends at the latest. */
  const lease = async (
    selector: string,
    more: Partial<Parameters<typeof leaseFromController>[0]> = {},
    client?: string,
  ) => {
    const lines: string[] = []
    const leased = await leaseFromController({
      config: await loadConfig(client),
      lease: { selector },
      emit: (event) => lines.push(describeEvent(event)),
      ...more,
    })
    onTestFinished(() => leased.release())
    return Object.assign(leased, { lines })
  }
  const activeLeases = async () =>
    (await (await callsOf()).leases()).map(({ client, exporter }) => `${client} ${exporter}`)

  test('an exporter is available soon after each start, and offline after its end', async () => {
    for (let n = 0; n < 3; n++) {
      for (const name of ['one', 'two'] as const) exporters[name].start()
      const times = await Promise.all([untilAvailable('one'), untilAvailable('two')])
      console.log(`${name}: available ${times.map((ms) => Math.round(ms)).join(' and ')} ms after the start`)
      await Promise.all([exporters.one.end(), exporters.two.end()])
      await expect.poll(() => statusOf('one'), { timeout: 20_000 }).toBe('OFFLINE')
      await expect.poll(() => statusOf('two'), { timeout: 20_000 }).toBe('OFFLINE')
    }
  })

  test('is used by a run of Vitest, which leaves no lease behind', async () => {
    await need('one', 'two')
    const uses = projectFile('fleet/uses.ts')
    await using project = await createProject({
      ...Object.fromEntries(['a', 'b', 'c'].map((file) => [`${file}.test.ts`, uses])),
      'vitest.config.js': config({ controller: { clientConfig: fleet.clientFile('ci') } }),
    })
    const { code, output } = await project.vitest(['run'])
    expect(code, output).toBe(0)
    expect(output).toMatch(/Tests\s+6 passed/)
    expect(await activeLeases()).toEqual([])
    await Promise.all([untilAvailable('one'), untilAvailable('two')])
  })

  describe('leases', () => {
    test.each(withPython ? (['one', 'python'] as const) : (['one'] as const))(
      'of %s follow one another soon',
      async (board) => {
        await need(board)
        const times: number[] = []
        for (let n = 0; n < 10; n++) {
          const begin = performance.now()
          const leased = await lease(`board=${board}`)
          await use(leased)
          times.push(performance.now() - begin)
          await leased.release()
        }
        const sorted = times.toSorted((one, other) => one - other)
        console.log(
          `${name}: leased and used within ${sorted[5]?.toFixed(0)} ms (median of 10; the longest ${sorted[9]?.toFixed(0)} ms)`,
        )
        // Python's client takes 5 s.
        expect(sorted[5]).toBeLessThan(4_000)
        expect(await activeLeases()).toEqual([])
      },
    )

    test('of two exporters are shared by four clients at once', async () => {
      await need('one', 'two')
      const begin = performance.now()
      const useOften = async () => {
        for (let n = 0; n < 5; n++) {
          const leased = await lease('kind=ours')
          await use(leased)
          await leased.release()
        }
      }
      await Promise.all(Array.from({ length: 4 }, useOften))
      const seconds = (performance.now() - begin) / 1_000
      console.log(`${name}: 20 leases of two exporters by four clients, ${(20 / seconds).toFixed(1)} a second`)
      expect(await activeLeases()).toEqual([])
    })

    test('wait for each other, and say who has the exporter', async () => {
      await need('one')
      const first = await lease('board=one', {}, 'other')
      const waits: string[] = []
      const second = lease('board=one', {
        waiting: ({ type }) => waits.push(type),
        emit: (event) => waits.push(describeEvent(event)),
      })
      await expect.poll(() => waits.length, { timeout: 10_000 }).toBeGreaterThan(0)
      expect(await activeLeases()).toContain('other one')
      await first.release()
      await use(await second)
    })

    test('that nobody can have fail at once, and one of an exporter that is away in time', async () => {
      await expect(lease('board=none')).rejects.toMatchObject({ code: 'NO_EXPORTER', origin: 'lab' })
      await expect(lease('board in (')).rejects.toMatchObject({ code: 'SELECTOR_INVALID' })
      await expect(lease('board=away', { maxWaitMs: 1_500 })).rejects.toMatchObject({ code: 'LEASE_TIMEOUT' })
      await expect.poll(activeLeases, { timeout: 10_000 }).toEqual([])
    })

    test('that another client of the same name ends are lost, and say so', async () => {
      await need('one')
      // It is looked at each time that it is extended.
      const leased = await lease('board=one', { durationMs: 6_000 })
      await use(leased)
      await (await callsOf()).deleteLease(leased.name)
      await expect.poll(() => leased.lost.aborted, { timeout: 30_000 }).toBe(true)
      expect(leased.lost.reason).toMatchObject({
        code: 'LEASE_LOST',
        origin: 'lab',
        message: expect.stringMatching(/has ended/),
      })
      await untilAvailable('one')
      await use(await lease('board=one'))
    })

    test('that are kept last longer than they were asked for, and those that are not end by themselves', async () => {
      await need('one')
      const leased = await lease('board=one', { durationMs: 5_000 })
      await delay(8_000)
      await use(leased)
      await leased.release()
      await untilAvailable('one')
      const calls = await callsOf()
      const { name } = await calls.createLease({ selector: 'board=one', durationMs: 2_000 })
      await expect.poll(async () => (await calls.lease(name)).end, { timeout: 20_000 }).toBeDefined()
      await untilAvailable('one')
    })
  })

  describe('hooks', () => {
    test('run before and after a lease, and their output is shown', async () => {
      await exporters.one.end()
      const hooks = { beforeLease: { script: 'sleep 1; echo flashed' }, afterLease: { script: 'echo erased' } }
      exporters.one.start({ hooks })
      await untilAvailable('one')
      const leased = await lease('board=one')
      await use(leased)
      await leased.release()
      expect(leased.lines).toEqual(
        expect.arrayContaining([
          'waiting: exporter one runs its beforeLease hook',
          'beforeLease: flashed',
          'afterLease: erased',
        ]),
      )
      await untilAvailable('one')
      await exporters.one.end()
    })

    test('that fail before a lease end it, with their reason', async () => {
      await exporters.one.end()
      exporters.one.start({
        hooks: { beforeLease: { script: 'sleep 0.2; echo no image; exit 3', onFailure: 'endLease' } },
      })
      await untilAvailable('one')
      await expect(lease('board=one')).rejects.toMatchObject({
        code: 'HOOK_FAILED',
        origin: 'lab',
        message: expect.stringMatching(/^exporter one is not ready: .*beforeLease.*3/s),
      })
      await expect.poll(activeLeases, { timeout: 10_000 }).toEqual([])
      await exporters.one.end()
    })
  })

  test('an exporter that is killed fails the call, and can be leased again when it is back', async () => {
    await need('one')
    const leased = await lease('board=one')
    const { power } = await connectTo(leased)
    await power.on()
    await exporters.one.end('SIGKILL')
    const call = power.on()
    exporters.one.start()
    await expect(call).rejects.toMatchObject({ code: 'EXPORTER_FAILED', origin: 'lab' })
    await leased.release()
    await untilAvailable('one')
    await use(await lease('board=one'))
  })

  test('a token that nobody has given is refused', async () => {
    const calls = new ControllerCalls({ ...(await loadConfig()), token: 'e30.e30.e30' })
    onTestFinished(() => calls.close())
    await expect(calls.leases()).rejects.toMatchObject({ code: 'UNAUTHENTICATED', origin: 'lab' })
  })

  describe.for(downTimesMs.flatMap((downMs) => [['controller', downMs] as const, ['router', downMs] as const]))(
    'a %s that is away for %i ms',
    ([program, downMs]) => {
      test('harms no run', { timeout: 240_000 }, async ({ skip }) => {
        const { restart } = fleet
        if (restart === undefined) return skip('others may use this controller')
        const boards = withPython ? (['one', 'python'] as const) : (['one'] as const)
        await need(...boards)
        const runs = await Promise.all(boards.map((board) => hold(board)))
        await Promise.all(runs.map(({ held }) => held()))
        expect(await activeLeases()).toEqual(expect.arrayContaining(boards.map((board) => `ci ${board}`)))
        await restart[program](downMs)
        // As long as a controller that has just started refuses every token, and a lease's renewal.
        await delay(program === 'controller' ? 25_000 : 5_000)
        expect(exporters.one.isAlive).toBe(true)
        const leases = await activeLeases()
        for (const run of runs) {
          const { code, output } = await run.end()
          const figure = /\d+ calls, the longest \d+ ms/.exec(output)?.[0] ?? `exit code ${code}`
          console.log(`${name}: ${program} away for ${downMs} ms, exporter ${run.board}: ${figure}`)
          if (run.board === 'python' && !exporters.python.isAlive) {
            console.log(`${name}: Python's exporter has ended with its stream from the controller`)
            continue
          }
          expect(code, output).toBe(0)
          expect(leases).toContain(`ci ${run.board}`)
        }
        await untilAvailable('one')
        await use(await lease('board=one'))
      })
    },
  )

  /** Starts a run that uses a board until its end is asked for. */
  async function hold(board: 'one' | 'python') {
    const project = await createProject(
      { 'vitest.config.js': config({ controller: { clientConfig: fleet.clientFile('ci') } }) },
      'fleet',
    )
    const env = { FLEET_SELECTOR: `board=${board}` }
    const run = project.start(['run', 'hold.test.ts'], env, { timeout: 200_000 })
    const end = async () => {
      writeFileSync(join(project.folder, 'enough'), '')
      const { exitCode, all } = await run
      return { code: exitCode, output: all }
    }
    onTestFinished(async () => {
      await end()
      await project[Symbol.asyncDispose]()
    }, 60_000)
    const held = async () => {
      await expect.poll(() => existsSync(join(project.folder, 'ready')), { timeout: 60_000 }).toBe(true)
    }
    return { board, held, end }
  }
}
