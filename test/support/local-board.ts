import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished } from 'vitest'

import { describe } from '../../src/leases/describe-event.ts'
import type { LeasableExporter, ReserveOptions } from '../../src/leases/lease.ts'
import { LocalExporter } from '../../src/leases/local/local-exporter.ts'
import type { ExporterUser } from '../../src/leases/lease.ts'
import { exporterLockKey } from '../../src/leases/machine-lock/exporter-lock.ts'
import { lockOnMachine } from '../../src/leases/machine-lock/machine-lock.ts'
import { createCliFolder } from './cli.ts'
import { processesWithArgument } from './process-by-argument.ts'

/** The file of the driver that writes the journal. */
const driver = fileURLToPath(new URL('drivers/local-board.ts', import.meta.url))

/** Sets up, for each test of a file, an exporter with a driver that writes a journal; and gives functions to use it. */
export function useLocalBoard() {
  let cli: Awaited<ReturnType<typeof createCliFolder>>
  let file: string
  let count = 0
  let lines: string[] = []

  beforeAll(async () => {
    cli = await createCliFolder()
  })
  afterAll(() => cli[Symbol.asyncDispose]())
  beforeEach(() => {
    const events = ['start', 'relax', 'end']
    for (const name of ['journal', ...events.flatMap((event) => [`wait-${event}`, `fail-${event}`])]) remove(name)
    file = writeExporter()
    lines = []
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
      export: { board: { type: `${driver}#LocalBoard`, config: { folder: cli.folder } } },
    }
    return cli.write(`${name}.yaml`, JSON.stringify(config))
  }

  async function start(path = file): Promise<LeasableExporter> {
    const exporter = await LocalExporter.start({
      name: 'board',
      file: path,
      emit: (event) => lines.push(describe(event)),
    })
    onTestFinished(() => exporter.close().catch(() => undefined))
    return exporter
  }

  /** The events so far, with the processes as letters in the order of their first event. */
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

  /** True if another process can have the exporter at once. */
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
    const holders: ExporterUser[] = []
    const reserved = exporter.reserve({
      ...options,
      waiting: (wait) => wait.type === 'process' && holders.push(wait.process),
    })
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

  const write = (name: string, content: string) => cli.write(name, content)
  /** The lines that exporters have printed. */
  const output = () => lines
  const read = (name: string) => readFileSync(join(cli.folder, name), 'utf8')
  return {
    output,
    write,
    read,
    remove,
    writeExporter,
    start,
    journal,
    pids,
    signal,
    killInUse,
    isFree,
    hold,
    reserve,
    useOnce,
  }
}
