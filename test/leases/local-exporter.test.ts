import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'

import { connect } from '../../src/index.ts'
import { exporterLockKey } from '../../src/leases/exporter-lock.ts'
import type { LeasableExporter, ReserveOptions } from '../../src/leases/lease.ts'
import { startLocalExporter } from '../../src/leases/local-exporter.ts'
import { lockOnMachine } from '../../src/leases/machine-lock.ts'
import type { LockOwner } from '../../src/leases/machine-lock-claim.ts'
import { createCliFolder } from '../support/cli.ts'
import { processesWithArgument } from '../support/process-by-argument.ts'

const timeout = 60_000
const index = JSON.stringify(fileURLToPath(new URL('../../src/index.ts', import.meta.url)))

/** A driver that writes down what happens to it; files that are named after that hold it up, or make it fail. */
const board = `
import { appendFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { call, defineInterface, Driver } from ${index}

export class Board extends Driver {
  static readonly interface = defineInterface({ client: 'test.BoardClient', methods: { relax: call(), block: call() }, safe: 'relax' })
  readonly folder: string
  constructor({ folder }: { folder: string }) {
    super()
    this.folder = folder
  }
  async note(event: string) {
    appendFileSync(join(this.folder, 'journal'), process.pid + ' ' + event + '\\n')
    while (existsSync(join(this.folder, 'wait-' + event))) await delay(5)
    if (existsSync(join(this.folder, 'fail-' + event))) throw new Error('relay stuck')
  }
  reset() { return this.note('start') }
  relax() { return this.note('relax') }
  block() { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0) }
  close() { return this.note('end') }
}
`

let cli: Awaited<ReturnType<typeof createCliFolder>>
let file: string
let count = 0

beforeAll(async () => {
  cli = await createCliFolder()
  cli.write('board.ts', board)
})
afterAll(() => cli[Symbol.asyncDispose]())
beforeEach(() => {
  const events = ['start', 'relax', 'end']
  for (const name of ['journal', ...events.flatMap((event) => [`wait-${event}`, `fail-${event}`])]) remove(name)
  file = writeExporter()
})

const remove = (name: string) => rmSync(join(cli.folder, name), { force: true })

/** Writes an exporter's file. */
function writeExporter(more: object = {}): string {
  const name = `board-${count++}`
  const config = {
    apiVersion: 'jumpstarter.dev/v1alpha1',
    kind: 'ExporterConfig',
    metadata: { namespace: 'default', name },
    ...more,
    export: { board: { type: './board.ts#Board', config: { folder: cli.folder } } },
  }
  return cli.write(`${name}.yaml`, JSON.stringify(config))
}

async function start(path = file): Promise<LeasableExporter> {
  const exporter = await startLocalExporter({ name: 'board', file: path, print: () => undefined })
  onTestFinished(() => exporter.close().catch(() => undefined))
  return exporter
}

/** What has happened, with the processes as letters in the order of their first event. */
function journal(): string[] {
  const path = join(cli.folder, 'journal')
  const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
  const pids = [...new Set(lines.map((line) => line.split(' ')[0]))]
  return lines.map((line) => {
    const [pid, event] = line.split(' ')
    return `${'ABCD'[pids.indexOf(pid)]} ${event}`
  })
}

/** The processes of the exporter. */
const pids = () => [...processesWithArgument(file).keys()]

function signal(name: NodeJS.Signals): void {
  const [pid] = pids()
  if (pid === undefined) throw new Error('the exporter has no process')
  process.kill(pid, name)
}

/** Kills the exporter while it is leased. */
async function killInUse() {
  const exporter = await start()
  await exporter.reserve()
  const lease = await exporter.lease()
  const lost = once(lease.lost, 'abort')
  signal('SIGKILL')
  await lost
  return { exporter, lease }
}

/** Whether another process can have it at once. */
async function isFree(): Promise<boolean> {
  const giveUp = new AbortController()
  const taken = lockOnMachine(exporterLockKey(file, undefined), {
    owner: { pid: process.pid, command: 'test' },
    signal: giveUp.signal,
    waiting: () => giveUp.abort(new Error('held')),
  })
  return taken.then(
    async ({ release }) => release().then(() => true),
    () => false,
  )
}

/** A process that has it, for a command. */
async function hold() {
  const shell = cli.start(['shell', '--exporter-config', file, '--', 'sh', '-c', 'echo $$ has it; exec sleep 600'])
  const command = Number(await shell.prints(/(\d+) has it/))
  const kill = () => {
    shell.child.kill('SIGKILL')
    process.kill(command, 'SIGKILL')
  }
  return { kill }
}

/** Waits for it; the one who has it is noted. */
function reserve(exporter: LeasableExporter, options: ReserveOptions = {}) {
  const holders: LockOwner[] = []
  const reserved = exporter.reserve({ ...options, waiting: (holder) => holders.push(holder) })
  reserved.catch(() => undefined)
  const waits = async () => {
    await expect.poll(() => holders.length, { timeout: 20_000 }).toBeGreaterThan(0)
  }
  return { reserved, holders, waits }
}

async function useOnce(exporter: LeasableExporter): Promise<void> {
  await exporter.reserve()
  await (await exporter.lease()).release()
  await exporter.free()
}

describe('an exporter that is killed', () => {
  test('while nobody has it is started when it is wanted', { timeout }, async () => {
    const exporter = await start()
    signal('SIGKILL')
    const isReserved = () =>
      exporter.reserve().then(
        () => true,
        // It is not known yet that it has ended.
        () => false,
      )
    await expect.poll(isReserved, { timeout: 10_000 }).toBe(true)
    await useOnce(exporter)
    expect(journal()).toEqual(['A start', 'A relax', 'A end'])
  })

  test('while it is reserved is not reserved any more, and no lease of it begins', { timeout }, async () => {
    const exporter = await start()
    await exporter.reserve()
    expect(await isFree()).toBe(false)
    signal('SIGKILL')
    await expect.poll(pids, { timeout: 10_000 }).toEqual([])
    await expect(exporter.lease()).rejects.toMatchObject({ code: 'EXPORTER_FAILED', message: /ended: SIGKILL/ })
    await exporter.free()
    await useOnce(exporter)
    // Once because nobody knows what it had done, and once at the end of the lease.
    expect(journal()).toEqual(['A start', 'A relax', 'A end', 'A start', 'A relax', 'A end'])
    expect(await isFree()).toBe(true)
  })

  test.each(['start', 'relax', 'end'])(
    'at %s makes its devices safe, and the next lease works',
    { timeout },
    async (event) => {
      const exporter = await start()
      await exporter.reserve()
      cli.write(`wait-${event}`, '')
      const opened = exporter.lease()
      const used = event === 'start' ? opened : opened.then((lease) => lease.release())
      used.catch(() => undefined)
      await expect.poll(journal, { timeout: 10_000 }).toContain(`A ${event}`)
      // So that it does not go on before it is killed.
      signal('SIGSTOP')
      remove(`wait-${event}`)
      signal('SIGKILL')
      const problem: unknown = await used.then(
        () => undefined,
        (error: unknown) => error,
      )
      const gone = expect.objectContaining({ code: 'EXPORTER_FAILED', message: expect.stringContaining('SIGKILL') })
      expect(problem).toEqual(event === 'start' ? gone : undefined)
      expect(await isFree(), 'it is still reserved').toBe(false)
      const recovery = ['B start', 'B relax', 'B end']
      expect(journal().filter((line) => line.startsWith('B'))).toEqual(recovery)
      await (await exporter.lease()).release()
      expect(journal().filter((line) => line.startsWith('B'))).toEqual([...recovery, ...recovery])
      await exporter.free()
      expect(await isFree()).toBe(true)
    },
  )

  test('in use says so to whoever has the lease, and makes its devices safe once', { timeout }, async () => {
    const { exporter, lease } = await killInUse()
    expect(lease.lost.reason).toMatchObject({ code: 'EXPORTER_FAILED', message: /^Exporter board .* ended: SIGKILL/ })
    await Promise.all([lease.release(), lease.release()])
    expect(journal()).toEqual(['A start', 'B start', 'B relax', 'B end'])
    await exporter.free()
    await useOnce(exporter)
    expect(journal().slice(4)).toEqual(['B start', 'B relax', 'B end'])
  })

  test('and is closed at once makes its devices safe all the same', { timeout }, async () => {
    const { exporter } = await killInUse()
    await Promise.all([exporter.close(), exporter.close()])
    expect(journal()).toEqual(['A start', 'B start', 'B relax', 'B end'])
    expect(pids()).toEqual([])
    expect(await isFree()).toBe(true)
    await expect(exporter.reserve()).rejects.toThrow('Exporter board has been stopped')
    expect(pids()).toEqual([])
  })

  test('while it is closed makes its devices safe', { timeout }, async () => {
    const exporter = await start()
    await exporter.reserve()
    await exporter.lease()
    cli.write('wait-relax', '')
    const closed = exporter.close()
    await expect.poll(journal, { timeout: 10_000 }).toEqual(['A start', 'A relax'])
    signal('SIGSTOP')
    remove('wait-relax')
    signal('SIGKILL')
    await closed
    expect(journal().slice(-3)).toEqual(['B start', 'B relax', 'B end'])
    expect(pids()).toEqual([])
  })

  test('is made safe by the one who gets it first', { timeout }, async () => {
    const [exporter, other] = await Promise.all([start(), start()])
    await exporter.reserve()
    const lease = await exporter.lease()
    const [own] = readFileSync(join(cli.folder, 'journal'), 'utf8').split(' ')
    const waiting = reserve(other)
    await waiting.waits()
    expect(waiting.holders).toMatchObject([{ pid: process.pid }])
    process.kill(Number(own), 'SIGKILL')
    await waiting.reserved
    await lease.release()
    await exporter.free()
    expect(journal()).toEqual(['A start', 'B start', 'B relax', 'B end'])
    const back = reserve(exporter)
    await back.waits()
    await (await other.lease()).release()
    await other.free()
    await back.reserved
    await (await exporter.lease()).release()
    expect(journal().slice(4)).toEqual(['B start', 'B relax', 'B end', 'C start', 'C relax', 'C end'])
  })

  test('with its run is made safe by the next that uses it', { timeout }, async () => {
    const { kill } = await hold()
    for (const pid of pids()) process.kill(pid, 'SIGSTOP')
    for (const pid of pids()) process.kill(pid, 'SIGKILL')
    kill()
    await expect.poll(pids, { timeout: 10_000 }).toEqual([])
    const exporter = await start()
    await useOnce(exporter)
    expect(journal().slice(1)).toEqual(['B start', 'B relax', 'B end', 'B start', 'B relax', 'B end'])
  })

  test('and cannot be made safe is said once, and is free', { timeout }, async () => {
    const exporter = await start()
    await exporter.reserve()
    const lease = await exporter.lease()
    cli.write('fail-relax', '')
    signal('SIGKILL')
    await expect(lease.release()).rejects.toMatchObject({
      code: 'CLEANUP_FAILED',
      message: /^its devices may not be safe: .*relay stuck.* Before that: Exporter board .* ended: SIGKILL/s,
    })
    await exporter.free()
    expect(await isFree()).toBe(true)
    remove('fail-relax')
    await useOnce(exporter)
  })
})

describe('an exporter that hangs', () => {
  test.each(['its event loop is blocked', 'it is stopped'])(
    'because %s is killed, and its devices are made safe',
    { timeout },
    async (how) => {
      const exporter = await start()
      await exporter.reserve()
      const lease = await exporter.lease()
      if (how === 'it is stopped') signal('SIGSTOP')
      else {
        const connection = await connect(lease.endpoint.address)
        connection.root.children['board']?.call('block').catch(() => undefined)
        onTestFinished(() => connection.close())
        await delay(200)
      }
      const begin = performance.now()
      const lost = once(lease.lost, 'abort')
      const released = lease.release()
      await lost
      expect(lease.lost.reason).toMatchObject({ message: /ended: it hangs: within 4000 ms it did not begin with/ })
      await released
      expect(performance.now() - begin).toBeLessThan(20_000)
      expect(journal()).toEqual(['A start', 'B start', 'B relax', 'B end'])
      await exporter.free()
      await useOnce(exporter)
    },
  )
})

describe('a wait', () => {
  test('ends with its signal, also when it is just over', { timeout }, async () => {
    const [exporter, other] = await Promise.all([start(), start()])
    await exporter.reserve()
    const end = new AbortController()
    const waiting = reserve(other, { signal: end.signal })
    await waiting.waits()
    end.abort(new Error('enough'))
    await expect(waiting.reserved).rejects.toThrow('nobody waits for the exporter any more')
    await expect(other.lease()).rejects.toThrow('is not reserved')
    for (let round = 0; round < 20; round++) {
      const limit = new AbortController()
      const next = reserve(other, { signal: limit.signal })
      await next.waits()
      const freed = exporter.free()
      await delay(round / 2)
      limit.abort(new Error('enough'))
      await freed
      await next.reserved.then(
        () => other.free(),
        () => undefined,
      )
      await exporter.reserve()
    }
    await exporter.free()
    expect(await isFree()).toBe(true)
  })

  test('has the session soon after the run of the holder is killed', { timeout: 150_000 }, async () => {
    const exporter = await start()
    const times: number[] = []
    for (let round = 0; round < 50; round++) {
      const holder = await hold()
      const waiting = reserve(exporter)
      await waiting.waits()
      const begin = performance.now()
      holder.kill()
      await waiting.reserved
      const lease = await exporter.lease()
      times.push(performance.now() - begin)
      await lease.release()
      await exporter.free()
    }
    const sorted = times.toSorted((one, other) => one - other)
    const [median = NaN, max = NaN] = [sorted[25], sorted[49]]
    console.log(
      `session after SIGKILL of the holder's run: median ${median.toFixed(1)} ms, at most ${max.toFixed(1)} ms`,
    )
    // The aims are 20 and 100 ms; a machine that does much else at the same time may need longer.
    expect(median).toBeLessThan(400)
    expect(max).toBeLessThan(4000)
    const sessions = journal().filter((line) => !line.endsWith('relax'))
    expect(sessions.filter((line) => line.endsWith('start')).length).toBe(sessions.length / 2)
  })
})

test('exporters with one lock are not used at once, wherever their files are', { timeout }, async () => {
  const [one, other] = [writeExporter({ lock: 'rack' }), writeExporter({ lock: 'rack' })]
  const exporters = await Promise.all([start(one), start(other)])
  expect(exporters.map(({ order }) => order)).toEqual(['lock rack', 'lock rack'])
  await exporters[0].reserve()
  const waiting = reserve(exporters[1])
  await waiting.waits()
  await exporters[0].free()
  await waiting.reserved
})
