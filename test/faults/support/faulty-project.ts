import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'

import { claimsOf } from '../../support/claims.ts'
import { startEchoPty } from '../../support/echo-pty.ts'
import { processesWith, startGroup } from '../../support/faulty-run.ts'
import { config, createProject } from '../../support/project.ts'
import type { Phase } from './matrix.ts'

/** A board whose driver writes a journal, and does slowly what is to be interrupted. */
const driver = `
import { appendFileSync, existsSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { Driver, byteStream, call, defineInterface } from 'vitest-hardware'
import { Flasher } from 'vitest-hardware/interfaces'

const phase = process.env.PHASE
const write = (event) => appendFileSync('journal', JSON.stringify({ pid: process.pid, event, time: Date.now() }) + '\\n')
const untilLetGo = async (step) => { while (!existsSync('let-go')) { await delay(20); step?.() } }

export const Board = defineInterface({
  client: 'test.BoardClient',
  methods: { hang: call(), talk: byteStream(), relax: call() },
})
export class BoardDriver extends Driver {
  static interface = Board
  async reset() {
    write('reset')
    if (phase === 'leasing') await delay(2000)
  }
  async hang() { write('hang'); await untilLetGo() }
  talk() {
    const output = new PassThrough()
    write('talk')
    untilLetGo(() => output.destroyed || output.write('tick\\n')).then(() => output.end())
    return output
  }
  async relax() {
    if (phase === 'cleaning up') { write('relaxing'); await delay(1000) }
    write('relax')
  }
}
export class SlowFlasher extends Driver {
  static interface = Flasher
  async flash(handle) {
    const image = await this.resource(handle)
    write('flash')
    for await (const _chunk of image) if (!existsSync('let-go')) await delay(20)
  }
  dump() { throw new Error('not here') }
}
`

/** Lets Date jump by an hour when a file is there, in every process that loads it. */
const clock = `
import { existsSync } from 'node:fs'
const { now } = Date
let offset = 0
const watch = setInterval(() => { if (existsSync('jump')) { offset = 3_600_000; clearInterval(watch) } }, 20)
watch.unref()
Date.now = () => now() + offset
`

const header = `
import { needs } from 'vitest-hardware'
import { FlasherClient, SerialClient } from 'vitest-hardware/clients'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Board } from './board.ts'
const { PHASE: phase, SERIAL: serial, TEST_TIMEOUT: timeout = '30000' } = process.env
const drivers = { board: Board, flasher: FlasherClient, ...(serial && { console: SerialClient }) }
const until = async (holds) => { while (!holds()) await delay(20) }
const happened = (event) => existsSync('journal') && readFileSync('journal', 'utf8').includes('"' + event + '"')
`

const files = {
  'board.ts': driver,
  'clock.mjs': clock,
  'holds.test.js': `${header}
const test = needs({ dut: { drivers } })
test('holds the board', async ({ dut }) => { await dut.board.hang() }, Number(timeout))`,
  'phase.test.js': `${header}
if (phase === 'waiting') await until(() => happened('hang'))
const test = needs({ dut: { drivers } })
test.beforeAll(() => {}) // Its worker is known before it waits.
const known = () => writeFileSync('worker', String(process.pid))
if (phase === 'waiting') {
  // It waits when it is connected to the broker, which it is after this file has been read.
  const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'PipeWrap').length
  const before = sockets()
  const look = setInterval(() => {
    if (sockets() === before) return
    clearInterval(look)
    known()
  }, 5)
} else known()
test('is interrupted', async ({ dut }) => {
  if (phase === 'in a call') await dut.board.hang()
  if (phase === 'in a stream' && !serial) {
    for await (const _chunk of await dut.board.stream('talk')) writeFileSync('streaming', '')
  }
  if (phase === 'flashing') await dut.flasher.flash('image.bin')
  if (serial && phase !== 'cleaning up') {
    writeFileSync('streaming', '')
    // A console waits for its device as long as the wait lasts.
    await dut.console.expect('what never comes', { timeoutMs: 5_000 })
  }
}, Number(timeout))`,
  'later.test.js': `${header}
await until(() => existsSync('let-go'))
const test = needs({ dut: { drivers } })
test('comes later', async ({ dut }) => { await dut.board.relax() })`,
}

/** By what the journal, or a file of the test, shows that a phase has begun. */
const begins: Readonly<Record<Phase, string>> = {
  waiting: 'worker',
  leasing: 'reset',
  'in a call': 'hang',
  'in a stream': 'streaming',
  flashing: 'flash',
  'cleaning up': 'relaxing',
}

interface JournalEntry {
  readonly pid: number
  readonly event: string
  readonly time: number
}

/** The options of {@link startFaultyRun}. */
export interface FaultyRunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Another file, which begins when the others are let go. */
  readonly later?: boolean
  /** Its tests use a serial device. */
  readonly usesSerial?: boolean
  /** Its temporary files are on a file system that can be filled. */
  readonly smallDisk?: boolean
}

/** A run of Vitest in a new process group that is in some phase. */
export async function startFaultyRun(phase: Phase, options: FaultyRunOptions = {}) {
  const { later = false } = options
  const project = await createProject({ ...files })
  const device = options.usesSerial === true ? await startEchoPty() : undefined
  const serial = device?.path
  for (const [name, content] of Object.entries({
    'image.bin': 'x'.repeat(8 * 1024 * 1024),
    'one.yaml': JSON.stringify({
      apiVersion: 'jumpstarter.dev/v1alpha1',
      kind: 'ExporterConfig',
      metadata: { namespace: 'default', name: 'one' },
      safe: ['board.relax'],
      export: {
        board: { type: './board.ts#BoardDriver' },
        flasher: { type: './board.ts#SlowFlasher' },
        ...(serial && { console: { type: 'jumpstarter_driver_pyserial.driver.PySerial', config: { url: serial } } }),
      },
    }),
    'vitest.config.js': config({ exporters: { one: 'one.yaml' } }, { maxWorkers: 3 }),
  })) {
    project.write(name, content)
  }
  const { folder } = project
  const inFolder = (name: string) => join(folder, name)
  const journal = (): JournalEntry[] => {
    if (!existsSync(inFolder('journal'))) return []
    const lines = readFileSync(inFolder('journal'), 'utf8').split('\n').filter(Boolean)
    return lines.map((line) => JSON.parse(line) as JournalEntry)
  }
  const temporary = inFolder('tmp')
  mkdirSync(temporary)
  const disk = options.smallDisk === true ? mountSmallDisk(temporary) : undefined
  const { run, signal, signalGroup, leftovers } = startGroup(
    project,
    ['run', ...(phase === 'waiting' ? ['holds'] : []), 'phase', ...(later ? ['later'] : [])],
    { PHASE: phase, ...(serial && { SERIAL: serial }), ...(later && { LATER: '1' }), ...options.env },
  )
  const exporterPid = () => journal()[0]?.pid ?? 0
  return {
    folder,
    run,
    disk,
    device,
    signal,
    signalGroup,
    journal,
    temporary,
    exporterPid,
    workerPid: () => Number(readFileSync(inFolder('worker'), 'utf8')),
    hasBegun: () => existsSync(inFolder(begins[phase])) || journal().some(({ event }) => event === begins[phase]),
    letGo: () => writeFileSync(inFolder('let-go'), ''),
    write: (name: string) => writeFileSync(inFolder(name), ''),
    brokerFolder: () =>
      readdirSync(temporary)
        .map((name) => join(temporary, name))
        .find((path) => existsSync(join(path, 'broker.sock'))) ?? '',
    /** The leftovers of the run: processes, private folders, and claims of its exporter's lock. */
    leftovers: () => [
      ...processesWith(folder).map(({ command }) => command),
      ...leftovers(),
      ...claimsOf(inFolder('one.yaml')),
    ],
    /** Leases the exporter in another process. @returns the exit code */
    leaseAgain: async () => {
      await device?.restore()
      const cli = inFolder('node_modules/vitest-hardware/dist/cli/main.js')
      const env = { PHASE: 'none', NODE_OPTIONS: '', TMPDIR: '/tmp' }
      const args = [cli, 'shell', '--exporter-config', 'one.yaml', '--', 'true']
      const { exitCode } = await execa(process.execPath, args, { cwd: folder, env, reject: false, timeout: 30_000 })
      return exitCode
    },
    [Symbol.asyncDispose]: async () => {
      for (const { pid } of processesWith(folder)) kill(pid)
      await run
      await device?.[Symbol.asyncDispose]()
      disk?.unmount()
      await project[Symbol.asyncDispose]()
    },
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

/** A small file system for temporary files, which can be filled. @returns nothing where it cannot be mounted */
function mountSmallDisk(folder: string) {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m,nr_inodes=1000', 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  return {
    fill: () => {
      try {
        writeFileSync(join(folder, 'filler'), Buffer.alloc(64 * 1024 * 1024))
      } catch {
        // Nothing can be written any more; folders and empty files take no space, but one of the places that are left.
      }
      try {
        for (let index = 0; ; index++) writeFileSync(join(folder, `filler-${index}`), '')
      } catch {
        // Nothing can be made any more.
      }
    },
    unmount: () => void execFileSync('umount', ['-l', folder]),
  }
}
