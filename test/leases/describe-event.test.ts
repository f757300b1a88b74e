import { describe as group, expect, test } from 'vitest'

import { HardwareError } from '../../src/index.ts'
import { describe, describeFileWait } from '../../src/leases/describe-event.ts'
import type { FileWait, RunEvent } from '../../src/leases/run-event.ts'

const process = { pid: 7, command: 'vitest run', since: new Date(2026, 0, 2, 12, 30, 1).getTime() }
const owner = 'vitest run (process 7), since 12:30:01'

const error = new HardwareError('CONNECTION_FAILED', 'nobody answers')

/** One event of each type, and its sentence; `undefined` for those that are only recorded. */
const events: { readonly [Type in RunEvent['type']]: [Extract<RunEvent, { type: Type }>, string | undefined] } = {
  exporterStarted: [{ type: 'exporterStarted', exporter: 'uno', durationMs: 800 }, undefined],
  exporterNotStarted: [
    { type: 'exporterNotStarted', exporter: 'uno', reason: 'no file', durationMs: 9 },
    'exporter uno: no file',
  ],
  exporterFailed: [
    { type: 'exporterFailed', exporter: 'uno', reason: 'it ended', consequence: 'kept' },
    'exporter uno has failed, and gets one more chance: it ended',
  ],
  waiting: [{ type: 'waiting', file: 'a.test.ts', for: { type: 'starting' }, waitedMs: 0 }, undefined],
  waitingLong: [
    { type: 'waitingLong', file: 'a.test.ts', for: { type: 'starting' }, waitedMs: 10_000 },
    'a.test.ts waits: the exporters are still starting',
  ],
  leased: [{ type: 'leased', file: 'a.test.ts', exporters: { dut: 'uno' }, waitedMs: 12 }, undefined],
  refused: [
    { type: 'refused', file: 'a.test.ts', role: 'dut', code: 'NO_EXPORTER', message: "Role 'dut' needs …" },
    undefined,
  ],
  sessionStarted: [
    { type: 'sessionStarted', file: 'a.test.ts', role: 'dut', exporter: 'uno', durationMs: 5 },
    undefined,
  ],
  sessionEnded: [
    { type: 'sessionEnded', file: 'a.test.ts', role: 'dut', exporter: 'uno', durationMs: 5, problem: undefined },
    undefined,
  ],
  released: [{ type: 'released', file: 'a.test.ts', heldMs: 1_000 }, undefined],
  workerExited: [
    {
      type: 'workerExited',
      file: 'a.test.ts',
      during: {
        type: 'tests',
        exporters: [
          { exporter: 'uno', activity: { calls: [{ name: 'power.on', ms: 1_200 }], consoles: [] } },
          { exporter: 'lab', activity: undefined },
        ],
      },
    },
    `The worker of a.test.ts has ended in the middle of a lease. It had:
exporter uno
  call under way: power.on (for 1.2 s)
exporter lab`,
  ],
  retried: [
    {
      type: 'retried',
      file: 'a.test.ts',
      test: 'boots',
      exporters: ['uno', 'peer'],
      code: 'CONNECTION_LOST',
      message: 'gone',
    },
    'a.test.ts > boots is tried again; on uno, peer it failed: gone',
  ],
  impossibleNeeds: [
    {
      type: 'impossibleNeeds',
      needs: [
        { file: 'a.test.ts', role: 'dut', selector: 'board=uno', reason: 'there is no uno\n  only a mega' },
        { file: 'b.test.ts', role: 'dut', selector: 'board=uno', reason: 'there is no uno\n  only a mega' },
        { file: 'b.test.ts', role: 'peer', selector: 'board=due', reason: 'there is no due' },
      ],
      advice: 'add one',
    },
    `These needs cannot be met:
  a.test.ts, b.test.ts: there is no uno
    only a mega
  b.test.ts: there is no due
  add one`,
  ],
  hardwareSkipped: [
    { type: 'hardwareSkipped', tests: 2, files: ['a.test.ts', 'b.test.ts'] },
    "all 2 tests that need hardware were skipped, because no exporter of the run has it (a.test.ts, b.test.ts); with hardware({ onMissing: 'fail' }), as in CI, they fail",
  ],
  exporterOutput: [{ type: 'exporterOutput', exporter: 'uno', line: 'ready' }, 'ready'],
  exporterWarning: [{ type: 'exporterWarning', exporter: 'uno', message: 'no labels' }, 'warning: no labels'],
  reserveWait: [
    { type: 'reserveWait', exporter: 'uno', wait: { type: 'process', process } },
    `waiting: uno is held by ${owner}`,
  ],
  hookWait: [
    { type: 'hookWait', exporter: 'uno', hook: 'beforeLease' },
    'waiting: exporter uno runs its beforeLease hook',
  ],
  hookFailed: [
    { type: 'hookFailed', exporter: 'uno', hook: 'afterLease', message: 'exit code 3' },
    'warning: exit code 3',
  ],
  leaseRetried: [
    { type: 'leaseRetried', exporter: 'uno', error },
    'warning: another exporter is leased: nobody answers',
  ],
  renewalFailed: [
    { type: 'renewalFailed', exporter: 'uno', lease: 'l1', error },
    'warning: lease l1 could not be extended or read; trying again: nobody answers',
  ],
  tunnelFailed: [{ type: 'tunnelFailed', exporter: 'uno', lease: 'l1', error }, 'warning: nobody answers'],
  recovered: [
    { type: 'recovered', exporter: 'uno', lease: 'l1', work: 'tunnel', failures: 12 },
    'exporter uno is reached again, after 12 failures',
  ],
  leaseNotReturned: [
    { type: 'leaseNotReturned', exporter: 'uno', lease: 'l1', error },
    'warning: lease l1 could not be given back, and ends by itself soon: nobody answers',
  ],
  cleanupFailed: [{ type: 'cleanupFailed', exporter: 'uno', error }, 'warning: nobody answers'],
  interrupted: [
    { type: 'interrupted', signal: 'SIGINT' },
    'SIGINT: tests are cancelled and boards left safe; again to leave at once',
  ],
  interruptTimedOut: [
    { type: 'interruptTimedOut', signal: 'SIGINT', waitedFor: 'tests', limitMs: 10 },
    'the tests did not end within 10 ms after SIGINT; the exporters leave the boards safe',
  ],
}

test.for(Object.entries(events))('%s', ([, [event, sentence]]) => {
  expect(describe(event)).toBe(sentence)
})

const waits: { readonly [Type in FileWait['type']]: [Extract<FileWait, { type: Type }>, string] } = {
  starting: [{ type: 'starting' }, 'the exporters are still starting'],
  held: [
    {
      type: 'held',
      roles: {
        dut: [
          { exporter: 'uno', holder: { type: 'file', file: 'b.test.ts' } },
          { exporter: 'due', holder: { type: 'process', process } },
        ],
        peer: [{ exporter: 'mega' }],
      },
    },
    `dut: uno is held by b.test.ts, due is held by ${owner}; peer: mega is free`,
  ],
  process: [{ type: 'process', exporter: 'uno', process }, `exporter uno is held by ${owner}`],
  reserving: [{ type: 'reserving', exporter: 'uno' }, 'exporter uno is being leased'],
  controller: [
    {
      type: 'controller',
      exporter: 'uno',
      reason: 'all are leased',
      holders: [
        { exporter: 'uno', client: 'ci', until: new Date(process.since) },
        { exporter: 'due', client: 'me' },
      ],
    },
    'exporter uno: all are leased; uno is leased by ci until 12:30:01, due is leased by me',
  ],
  failure: [{ type: 'failure', exporter: 'uno', error }, 'exporter uno: nobody answers'],
  opening: [{ type: 'opening', exporters: ['uno', 'due'] }, 'a session of exporter uno, exporter due is being opened'],
}

test.for(Object.entries(waits))('waits: %s', ([, [wait, sentence]]) => {
  expect(describeFileWait(wait)).toBe(sentence)
})

group('an exporter that fails', () => {
  const failed = { type: 'exporterFailed', exporter: 'uno', reason: 'it ended' } as const

  test('is removed the second time', () => {
    const sentence = 'exporter uno has failed twice, and is taken out of this run: it ended'
    expect(describe({ ...failed, consequence: 'removed' })).toBe(sentence)
  })

  test('of a controller stays the business of the controller', () => {
    expect(describe({ ...failed, consequence: 'notOurs' })).toBe('exporter uno has failed: it ended')
  })
})

group('a worker that ends', () => {
  const exited = { type: 'workerExited', file: 'a.test.ts' } as const

  test('while its file waits', () => {
    expect(describe({ ...exited, during: { type: 'waiting', for: { type: 'starting' } } })).toBe(
      'The worker of a.test.ts has ended while it waited: the exporters are still starting',
    )
  })

  test('during the clean-up', () => {
    expect(describe({ ...exited, during: { type: 'cleanup', exporters: ['uno', 'due'] } })).toBe(
      'The worker of a.test.ts has ended before exporter uno, exporter due had been cleaned up',
    )
  })
})
