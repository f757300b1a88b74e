import { rmSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, test } from 'vitest'

import { needsCommand, skipMissing } from '../../support/system-part.ts'
import { type FaultyRunOptions, startFaultyRun } from './faulty-project.ts'
import { type Fault, faults, type Phase } from './matrix.ts'

type FaultyRun = Awaited<ReturnType<typeof startFaultyRun>>

/** The end of a run. */
interface End {
  readonly code: number | 'SIGKILL'
  /** The part of its output that names the culprit. */
  readonly message: RegExp
  readonly shown: string
}

interface Scenario {
  readonly options?: FaultyRunOptions
  happen(run: FaultyRun): void
  /** True if the work under way goes on as if nothing had happened, and has to be let go. */
  goesOn(phase: Phase): boolean
  end(phase: Phase): End
}

const never = () => false
const always = () => true
const killed: End = { code: 'SIGKILL', message: /^/, shown: 'killed' }
const passes: End = { code: 0, message: /Tests .*passed/, shown: '0: passes' }
/** Vitest's message about a worker that has ended, with our addition. */
function workerEnds(message: string, shown: string): End {
  return {
    code: 1,
    message: new RegExp(`exited unexpectedly[^]*The worker of phase\\.test\\.js has ended ${message}`),
    shown: `1: The worker … has ended ${shown}`,
  }
}

const endsOfWorkers: Readonly<Record<Phase, End>> = {
  waiting: workerEnds(
    'while it waited: dut: one is held by holds\\.test\\.js',
    'while it waited: dut: one is held by …',
  ),
  leasing: workerEnds('while it waited: a session of exporter one', 'while it waited: a session of exporter one …'),
  'in a call': workerEnds(
    '[^|]*exporter one\\s+call under way: board\\.hang',
    '… It had: exporter one, call under way: board.hang',
  ),
  'in a stream': workerEnds(
    '[^|]*exporter one\\s+board printed last:\\s+\\| tick',
    '… It had: exporter one, board printed last: …',
  ),
  flashing: workerEnds(
    '[^|]*exporter one\\s+call under way: flasher\\.flash',
    '… It had: exporter one, call under way: flasher.flash',
  ),
  'cleaning up': workerEnds('before exporter one had been cleaned up', 'before exporter one had been cleaned up'),
}

/** The exporter is started again; a test that had not begun, or was over, does not notice. */
function exporterEnds(reason: RegExp, shown: string) {
  return (phase: Phase): End => {
    const isHarmless = phase === 'leasing' || phase === 'cleaning up'
    return { code: isHarmless ? 0 : 1, message: reason, shown: `${isHarmless ? '0: passes, and says' : '1'}: ${shown}` }
  }
}

const scenarios: Readonly<Record<Fault, Scenario>> = {
  'worker SIGKILL': {
    happen: (run) => process.kill(run.workerPid(), 'SIGKILL'),
    goesOn: (phase) => phase === 'waiting',
    end: (phase) => endsOfWorkers[phase],
  },
  'run SIGKILL': { happen: (run) => void run.signal('SIGKILL'), goesOn: never, end: () => killed },
  'run SIGTERM': {
    happen: (run) => void run.signal('SIGTERM'),
    goesOn: never,
    end: () => ({ code: 143, message: /SIGTERM: tests are cancelled/, shown: '143: SIGTERM: tests are cancelled …' }),
  },
  'Ctrl-C, to the process group': {
    happen: (run) => void run.signalGroup('SIGINT'),
    goesOn: never,
    end: () => ({ code: 130, message: /SIGINT: tests are cancelled/, shown: '130: SIGINT: tests are cancelled …' }),
  },
  'exporter SIGKILL': {
    happen: (run) => process.kill(run.exporterPid(), 'SIGKILL'),
    goesOn: never,
    end: exporterEnds(/Exporter one \(.*one\.yaml\) ended: SIGKILL/, 'Exporter one (…) ended: SIGKILL'),
  },
  'exporter hangs (SIGSTOP)': {
    options: { env: { TEST_TIMEOUT: '4000' } },
    happen: (run) => process.kill(run.exporterPid(), 'SIGSTOP'),
    goesOn: never,
    end: exporterEnds(/Exporter one \(.*one\.yaml\) ended: it hangs/, 'Exporter one (…) ended: it hangs …'),
  },
  'serial device gone': {
    options: { usesSerial: true },
    happen: (run) => void run.device?.interrupt(),
    goesOn: (phase) => phase !== 'in a stream' && phase !== 'cleaning up',
    end: (phase) => {
      if (phase === 'cleaning up') return passes
      if (phase === 'waiting' || phase === 'leasing') {
        return { code: 1, message: /HardwareError: .*tty/, shown: '1: … no such device … tty' }
      }
      return {
        code: 1,
        message: /console was closed: .*tty is gone/,
        shown: '1: Console console was closed: … tty is gone',
      }
    },
  },
  'disk full': {
    options: { smallDisk: true },
    happen: (run) => run.disk?.fill(),
    goesOn: (phase) => phase !== 'leasing' && phase !== 'cleaning up',
    end: (phase) => {
      // The leftovers of the other file are enough for a file that waits.
      if (phase !== 'leasing') return passes
      return {
        code: 1,
        message: /could not be leased: .*ENOSPC/,
        shown: '1: Exporter one could not be leased: … ENOSPC …',
      }
    },
  },
  'broker socket removed': {
    options: { later: true },
    happen: (run) => rmSync(run.brokerFolder(), { recursive: true }),
    goesOn: always,
    end: () => ({
      code: 1,
      message: /later\.test\.js[^]*broker does not answer: connect ENOENT/,
      shown: "1: later files: The plugin's broker does not answer …; others pass",
    }),
  },
  'clock of the machine jumps': {
    happen: (run) => run.write('jump'),
    goesOn: always,
    end: () => passes,
  },
}

/**
 * Registers a test for every fault in some phases of a run.
 *
 * @param phasesOf the phases in which a fault happens
 */
export function testFaults(phasesOf: (fault: Fault) => readonly Phase[]): void {
  describe.each(Object.entries(scenarios) as [Fault, Scenario][])('%s', (fault, scenario) => {
    const { options } = scenario
    test.concurrent.for(phasesOf(fault))('%s', async (phase, { task, skip, expect }) => {
      if (options?.usesSerial === true) needsCommand('socat', skip)
      const env = { ...options?.env, ...(fault.startsWith('clock') ? { NODE_OPTIONS: '--import ./clock.mjs' } : {}) }
      await using run = await startFaultyRun(phase, { ...options, env })
      if (options?.smallDisk === true && run.disk === undefined) skipMissing('a file system that can be mounted', skip)
      await expect.poll(run.hasBegun, { timeout: 40_000, interval: 10 }).toBe(true)
      // The output of a file may come just before it.
      if (phase === 'waiting') await delay(300)
      const begin = Date.now()
      scenario.happen(run)
      if (scenario.goesOn(phase)) {
        await delay(300)
        run.letGo()
      }
      const { exitCode, signal, all } = await run.run
      const { code, message, shown } = scenario.end(phase)
      expect(exitCode ?? signal, all).toBe(code)
      expect(all).toMatch(message)

      const boundMs = faults[fault].boundS * 1000
      await expect.poll(() => run.journal().at(-1)?.event, { timeout: boundMs, message: all }).toBe('relax')
      const safeMs = (run.journal().at(-1)?.time ?? Infinity) - begin
      expect(await run.leaseAgain(), 'another process gets the board').toBe(0)
      console.log(`${fault}, ${phase}: safe after ${safeMs} ms, leased again after ${Date.now() - begin} ms`)
      // A jump of the clock is in the journal's times, too.
      expect(safeMs % 3_600_000).toBeLessThan(boundMs)
      expect(Date.now() - begin).toBeLessThan(boundMs + 10_000)
      await run.device?.interrupt()
      await expect.poll(run.leftovers, { timeout: 10_000 }).toEqual([])
      task.meta.fault = { fault, phase, shown }
    })
  })
}
