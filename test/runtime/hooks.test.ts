import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { driverTypes } from '../../src/drivers/types.ts'
import { connect, type Connection } from '../../src/index.ts'
import { createPrivateFolder, type PrivateFolder } from '../../src/base/private-folder.ts'
import { GrpcChannel } from '../../src/protocol/grpc/grpc-channel.ts'
import { loadExporter } from '../../src/runtime/exporter.ts'
import { defineExporter } from '../../src/runtime/define-exporter.ts'
import type { Hook, Hooks } from '../../src/runtime/hooks.ts'
import { openSession } from '../../src/runtime/open-session.ts'
import { needsCommand } from '../support/system-part.ts'
import { MockThermostat } from '../support/thermostat.ts'

// Processes and handshakes take their time where the machine is busy.
vi.setConfig({ testTimeout: 60_000 })

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

let folder: PrivateFolder
const path = (name: string) => join(folder.path, name)
const journal = () => (existsSync(path('journal')) ? readFileSync(path('journal'), 'utf8').trim().split('\n') : [])

beforeEach(async () => {
  folder = await createPrivateFolder()
})
afterEach(() => folder.remove())

/** A hook that a shell runs. */
function sh(script: string, options: Partial<Omit<Hook, 'command'>> = {}): Hook {
  return { command: ['/bin/sh', '-c', script], timeoutMs: 60_000, onFailure: 'endLease', ...options }
}

/** Writes down when it is reset and closed, where hooks can write too. */
class Witness extends MockThermostat {
  override reset() {
    super.reset()
    appendFileSync(path('journal'), 'reset\n')
  }
  override close() {
    super.close()
    appendFileSync(path('journal'), 'close\n')
  }
}

/** What opening has printed, and a wait for a line of it. */
function printed() {
  const lines: string[] = []
  const has = async (line: string) => {
    await expect.poll(() => lines, { timeout: 30_000, interval: 10 }).toContain(line)
  }
  return { lines, has, print: (line: string) => void lines.push(line) }
}

/** Opens a session at a known place, so that clients can come while the hook runs. */
function start(hooks: Hooks, { signal, print }: { signal?: AbortSignal; print?: (line: string) => void } = {}) {
  const thermostat = new Witness()
  const exporter = { ...defineExporter({ name: 'desk', export: () => ({ thermostat }) }), warnings: [], hooks }
  const opening = openSession(exporter, {
    logLevel: 'warning',
    address: { kind: 'unix', path: path('desk.sock') },
    ...(signal === undefined ? {} : { signal }),
    ...(print === undefined ? {} : { print }),
  })
  opening.catch(() => undefined)
  return { thermostat, opening }
}

/** A pipe that a hook reads from, and so waits at. */
function gate() {
  const file = path('gate')
  execFileSync('/bin/sh', ['-c', `mkfifo '${file}'`])
  return { wait: `read line < '${file}'`, open: () => writeFileSync(file, 'go\n') }
}

/** Whether a process is there, and no corpse that nobody has looked at. */
function isAlive(pid: string): boolean {
  const state = spawnSync('ps', ['-o', 'stat=', '-p', pid], { encoding: 'utf8' }).stdout.trim()
  return state !== '' && !state.startsWith('Z')
}

describe('the course of a session', () => {
  test('reset, beforeLease, use, afterLease, close', async () => {
    const { opening } = start({
      beforeLease: sh(`echo before >> '${path('journal')}'`),
      afterLease: sh(`echo after >> '${path('journal')}'`),
    })
    const open = await opening
    appendFileSync(path('journal'), 'ready\n')
    await open.close()
    expect(journal()).toEqual(['reset', 'before', 'ready', 'after', 'close'])
    expect(existsSync(open.address)).toBe(false)
  })

  test('a hook reaches the drivers, and gets the variables of Jumpstarter’s hooks', async () => {
    const call = `'${process.execPath}' '${main}' call`
    const out = printed()
    const { thermostat, opening } = start(
      {
        beforeLease: sh(`env; ${call} thermostat.set-target 25`),
        afterLease: sh(`${call} thermostat.target; ${call} thermostat.query '"x"'`),
      },
      out,
    )
    const open = await opening
    expect(thermostat.target()).toBe(25)
    await open.close()
    for (const line of ['LEASE_NAME=standalone', 'CLIENT_NAME=', 'TERM=dumb', 'JMP_DRIVERS_ALLOW=UNSAFE']) {
      expect(out.lines).toContain(`beforeLease: ${line}`)
    }
    expect(out.lines).toContain('afterLease: 25')
    expect(out.lines).toContain('afterLease: "Response for x"')
  })

  test('clients see the state, and each line while the hook still runs', async () => {
    const { wait, open: openGate } = gate()
    const out = printed()
    const { opening } = start({ beforeLease: sh(`echo begun; ${wait}; echo "got $line"`) }, out)
    await out.has('beforeLease: begun')

    const channel = new GrpcChannel({ kind: 'unix', path: path('desk.sock') })
    expect(await channel.state()).toMatchObject({ status: 'BEFORE_LEASE_HOOK', message: undefined })
    for await (const line of channel.logs()) {
      expect(line).toEqual({ severity: 'INFO', source: 'BEFORE_LEASE_HOOK', message: 'begun', number: 1 })
      break
    }
    // Another client waits, and shows what it waits for.
    const second = printed()
    let connection: Connection | undefined
    const connecting = connect(path('desk.sock'), { print: second.print }).then((ready) => (connection = ready))
    await second.has('beforeLease: begun')
    expect(connection).toBeUndefined()

    openGate()
    const open = await opening
    expect(await channel.state()).toMatchObject({ status: 'LEASE_READY', previous: 'BEFORE_LEASE_HOOK' })
    const made = await connecting
    expect(second.lines).toEqual(['beforeLease: begun', 'beforeLease: got go'])
    expect(await made.root.children['thermostat']?.call('target')).toBe(20)
    made.close()
    channel.close()
    await open.close()
  })

  test('a client whose wait for the hook is cancelled gets that error', async () => {
    const { wait, open: openGate } = gate()
    const out = printed()
    const { opening } = start({ beforeLease: sh(`echo begun; ${wait}`) }, out)
    await out.has('beforeLease: begun')
    const second = printed()
    const control = new AbortController()
    const connecting = connect(path('desk.sock'), { print: second.print, signal: control.signal })
    const refusal = connecting.catch((error: unknown) => error)
    await second.has('beforeLease: begun')
    control.abort(new Error('enough'))
    expect(await refusal).toMatchObject({ code: 'CALL_CANCELLED' })
    expect(second.lines).toEqual(['beforeLease: begun'])
    openGate()
    await (await opening).close()
  })

  test('the state during afterLease', async () => {
    const { wait, open: openGate } = gate()
    const out = printed()
    const { opening } = start({ afterLease: sh(`echo begun; ${wait}`) }, out)
    const open = await opening
    const channel = new GrpcChannel({ kind: 'unix', path: path('desk.sock') })
    expect(await channel.state()).toMatchObject({ status: 'LEASE_READY' })
    const closing = open.close()
    await out.has('afterLease: begun')
    expect(await channel.state()).toMatchObject({ status: 'AFTER_LEASE_HOOK', previous: 'LEASE_READY' })
    for await (const line of channel.logs()) {
      expect(line).toMatchObject({ source: 'AFTER_LEASE_HOOK', message: 'begun' })
      break
    }
    openGate()
    await closing
    channel.close()
    expect(open.session.state).toMatchObject({ status: 'OFFLINE', previous: 'AFTER_LEASE_HOOK' })
  })
})

describe('a beforeLease hook that fails', () => {
  test('with onFailure warn: the lease goes on, and clients get a warning', async () => {
    const out = printed()
    const { opening } = start({ beforeLease: sh('echo no board >&2; exit 3', { onFailure: 'warn' }) }, out)
    const open = await opening
    const reason = "The exporter's beforeLease hook failed with exit code 3\n  | no board"
    expect(open.session.state).toMatchObject({ status: 'LEASE_READY', message: `[HOOK_WARNING] ${reason}` })
    const client = printed()
    const connection = await connect(open.address, client)
    expect(client.lines).toEqual([`warning: ${reason}`])
    expect(await connection.root.children['thermostat']?.call('target')).toBe(20)
    const log = connection.channel.logs()
    expect((await log.next()).value).toMatchObject({ source: 'BEFORE_LEASE_HOOK', message: 'no board' })
    expect((await log.next()).value).toMatchObject({ source: 'SYSTEM', severity: 'WARNING', message: reason })
    connection.close()
    await open.close()
    expect(out.lines).toEqual(['beforeLease: no board', `warning: ${reason}`])
  })

  test.each(['endLease', 'exit'] as const)(
    'and is to %s: nothing is left, and clients that wait are told',
    async (onFailure) => {
      const { wait, open: openGate } = gate()
      const out = printed()
      const { opening } = start(
        {
          beforeLease: sh(`echo begun; ${wait}; echo no board; exit 3`, { onFailure }),
          afterLease: sh(`echo after >> '${path('journal')}'`),
        },
        out,
      )
      await out.has('beforeLease: begun')
      const client = printed()
      const connecting = connect(path('desk.sock'), client)
      const refusal = connecting.catch((error: unknown) => error)
      await client.has('beforeLease: begun')
      openGate()
      await expect(opening).rejects.toMatchObject({
        code: 'HOOK_FAILED',
        origin: 'lab',
        message: "The exporter's beforeLease hook failed with exit code 3\n  | begun\n  | no board",
      })
      expect(await refusal).toMatchObject({
        code: 'HOOK_FAILED',
        message: expect.stringMatching(
          /desk\.sock is not ready: .*failed with exit code 3\n {2}\| begun\n {2}\| no board$/s,
        ),
      })
      expect(journal()).toEqual(['reset', 'close'])
      expect(existsSync(path('desk.sock'))).toBe(false)
    },
  )

  test.each<[string, [string, ...string[]], RegExp]>([
    ['a signal', ['/bin/sh', '-c', 'kill -9 $$'], /was ended by SIGKILL$/],
    [
      'a program that is not there',
      ['/no/such/program'],
      /could not be started: .*\/no\/such\/program is not installed: install it/,
    ],
    ['a program below a file', ['/dev/null/program'], /could not be started: .*ENOTDIR/],
    ['a program that is a folder', ['/'], /could not be started: .*EACCES/],
    ['an argument that cannot be passed', ['/bin/sh', '-c', 'a\0b'], /could not be started: .*null bytes/],
  ])('by %s', async (_what, command, message) => {
    const { opening } = start({ beforeLease: { command, timeoutMs: 60_000, onFailure: 'warn' } })
    const open = await opening
    expect(open.session.state).toMatchObject({ status: 'LEASE_READY', message: expect.stringMatching(message) })
    await open.close()
  })

  test('shows only its last lines, and cuts long ones', async () => {
    const out = printed()
    const script = 'seq 1 100; head -c 9000 /dev/zero | tr "\\0" x; exit 1'
    const { opening } = start({ beforeLease: sh(script, { onFailure: 'warn' }) }, out)
    await (await opening).close()
    const [, ...lines] = out.lines.at(-1)?.split('\n') ?? []
    expect(lines).toHaveLength(20)
    expect(lines[0]).toBe('  | 82')
    expect(lines.at(-1)).toMatch(/^ {2}\| x{500}…$/)
  })
})

describe('an afterLease hook that fails', () => {
  test('with onFailure warn: the session ends without an error', async () => {
    const out = printed()
    const { opening } = start({ afterLease: sh('exit 4', { onFailure: 'warn' }) }, out)
    await (await opening).close()
    expect(out.lines).toEqual(["warning: The exporter's afterLease hook failed with exit code 4"])
    expect(journal()).toEqual(['reset', 'close'])
  })

  test('with onFailure endLease: close() fails with that error after everything is closed', async () => {
    const { opening } = start({ afterLease: sh('echo stuck; exit 4') })
    const open = await opening
    const channel = new GrpcChannel({ kind: 'unix', path: path('desk.sock') })
    const states: (string | undefined)[] = []
    open.session.events.on('state', ({ status, message }) => states.push(`${status} ${message ?? ''}`))
    await expect(open.close()).rejects.toMatchObject({
      code: 'HOOK_FAILED',
      message: "The exporter's afterLease hook failed with exit code 4\n  | stuck",
    })
    expect(states).toEqual([
      'AFTER_LEASE_HOOK ',
      "AFTER_LEASE_HOOK_FAILED The exporter's afterLease hook failed with exit code 4\n  | stuck",
      'OFFLINE ',
    ])
    channel.close()
    expect(journal()).toEqual(['reset', 'close'])
    expect(existsSync(path('desk.sock'))).toBe(false)
  })
})

describe('processes', () => {
  const grandchild = (script: string) => `sh -c '${script}' & echo $!; wait`

  test('a hook that takes too long is ended with all processes that it has started', async () => {
    const out = printed()
    const { opening } = start({ beforeLease: sh(grandchild('echo sleeps; sleep 600'), { timeoutMs: 1000 }) }, out)
    await expect(opening).rejects.toMatchObject({
      code: 'HOOK_FAILED',
      message: expect.stringContaining('beforeLease hook took longer than 1 s'),
      details: { limitMs: 1000 },
    })
    const pid = out.lines.map((line) => /^beforeLease: (\d+)$/.exec(line)?.[1]).find(Boolean)
    await expect.poll(() => isAlive(pid ?? ''), { timeout: 10_000 }).toBe(false)
    expect(pid).toBeDefined()
  })

  test('a hook that ignores SIGTERM is killed', async () => {
    const out = printed()
    const deaf = `trap "" TERM; echo $$; ${grandchild('trap "" TERM; sleep 600')}; sleep 600`
    const { opening } = start({ beforeLease: sh(deaf, { timeoutMs: 1000, onFailure: 'warn' }) }, out)
    await (await opening).close()
    const pids = out.lines.flatMap((line) => /^beforeLease: (\d+)$/.exec(line)?.[1] ?? [])
    expect(pids).toHaveLength(2)
    await expect.poll(() => pids.filter(isAlive), { timeout: 10_000 }).toEqual([])
  })

  test('a process in the background does not delay the end of the hook', async () => {
    const out = printed()
    const { opening } = start({ beforeLease: sh('sleep 600 & echo $!; printf unfinished') }, out)
    const open = await opening
    const pid = out.lines[0]?.replace('beforeLease: ', '') ?? ''
    expect(isAlive(pid)).toBe(true)
    process.kill(Number(pid))
    expect(out.lines).toEqual([`beforeLease: ${pid}`, 'beforeLease: unfinished'])
    await open.close()
  })

  test('the signal of the start ends the hook', async () => {
    const out = printed()
    const control = new AbortController()
    const { opening } = start(
      { beforeLease: sh('echo $$; sleep 600', { onFailure: 'warn' }) },
      { ...out, signal: control.signal },
    )
    await expect.poll(() => out.lines, { timeout: 10_000 }).toHaveLength(1)
    control.abort(new Error('the run has ended'))
    await expect(opening).rejects.toMatchObject({
      code: 'HOOK_FAILED',
      message: expect.stringContaining('beforeLease hook was cancelled'),
    })
    expect(isAlive(out.lines[0]?.replace('beforeLease: ', '') ?? '')).toBe(false)
    expect(journal()).toEqual(['reset', 'close'])
  })

  test('a hook that prints a lot is not slowed down, and no line is lost', async () => {
    const out = printed()
    const script = `head -c ${1024 * 1024} /dev/zero | tr '\\0' x; echo; seq 1 300000`
    const { opening } = start({ beforeLease: sh(script) }, out)
    const open = await opening
    const long = out.lines.filter((line) => line.startsWith('beforeLease: x')).map((line) => line.slice(13))
    expect(long.join('')).toHaveLength(1024 * 1024)
    expect(out.lines.slice(long.length)).toHaveLength(300_000)
    expect(out.lines.at(-1)).toBe('beforeLease: 300000')
    const connection = await connect(open.address)
    for await (const { message, source } of connection.channel.logs()) {
      expect([message, source]).toEqual([expect.stringMatching(/^\d+$/), 'BEFORE_LEASE_HOOK'])
      break
    }
    connection.close()
    await open.close()
  })
})

describe('in an exporter’s file', () => {
  const head =
    'apiVersion: jumpstarter.dev/v1alpha1\nkind: ExporterConfig\nmetadata: { namespace: default, name: lab }\n'

  function write(files: Readonly<Record<string, string>>) {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(path(name)), { recursive: true })
      writeFileSync(path(name), content)
    }
  }

  /** What the hook before the lease prints. */
  async function outputOf(hook: object, files: Readonly<Record<string, string>> = {}): Promise<string[]> {
    write({
      'lab.yaml': `${head}hooks: { beforeLease: ${JSON.stringify({ onFailure: 'endLease', ...hook })} }\n`,
      ...files,
    })
    const exporter = await loadExporter(path('lab.yaml'), driverTypes)
    const out = printed()
    const open = await openSession(exporter, out)
    await open.close()
    return out.lines.map((line) => line.replace('beforeLease: ', ''))
  }

  test('a script, in the shell', async () => {
    expect(await outputOf({ script: 'for n in 1 2; do\n  echo "$n"\ndone\n' })).toEqual(['1', '2'])
  })

  test('a script for another program', async ({ skip }) => {
    needsCommand('bash', skip)
    expect(await outputOf({ script: 'a=(1 2); echo "${a[1]} $0"', exec: '/bin/bash' })).toEqual(['2 /bin/bash'])
    expect(await outputOf({ script: 'console.log(`node ${1 + 1}`)', exec: process.execPath }).catch(String)).toContain(
      'failed with exit code',
    )
  })

  test('a file next to it', async ({ skip }) => {
    needsCommand('python3', skip)
    const files = { 'scripts/prepare.sh': 'echo "shell $1"; exit 0', 'prepare.py': 'print("python", 1 // 2)' }
    expect(await outputOf({ script: './scripts/prepare.sh' }, files)).toEqual(['shell '])
    expect(await outputOf({ script: ' scripts/prepare.sh\n' }, files)).toEqual(['shell '])
    expect(await outputOf({ script: path('scripts/prepare.sh') }, files)).toEqual(['shell '])
    expect(await outputOf({ script: 'prepare.py' }, files)).toEqual(['python 0'])
    expect(await outputOf({ script: 'prepare.txt', exec: 'python3' }, { 'prepare.txt': files['prepare.py'] })).toEqual([
      'python 0',
    ])
  })

  test('the values of the file, and the defaults', async () => {
    write({
      'lab.yaml': `${head}hooks:\n  beforeLease: { script: "true" }\n  afterLease: { script: "true", timeout: 0.5, onFailure: exit }\n`,
    })
    const { hooks } = await loadExporter(path('lab.yaml'), driverTypes)
    expect(hooks).toEqual({
      beforeLease: { command: ['/bin/sh', '-c', 'true'], timeoutMs: 120_000, onFailure: 'warn' },
      afterLease: { command: ['/bin/sh', '-c', 'true'], timeoutMs: 500, onFailure: 'exit' },
    })
  })

  test('all mistakes at once, with their lines', async () => {
    write({
      'lab.yaml': `${head}hooks:
  beforeLease:
    scrip: echo
    timeout: soon
    onFailure: endlease
  afterLease:
    script: [echo]
    timeout: 0
    exec: 3
  duringLease: { script: "true" }
`,
    })
    await expect(loadExporter(path('lab.yaml'), driverTypes)).rejects.toMatchObject({
      code: 'EXPORTER_CONFIG_INVALID',
      message: `${path('lab.yaml')} is not a valid exporter configuration:
  hooks.duringLease (line 13) is not a key of such an entry; it can have beforeLease, afterLease
  hooks.beforeLease.scrip (line 6) is not a key of such an entry; it can have script, exec, timeout, onFailure
  hooks.beforeLease.script is missing
  hooks.beforeLease.timeout (line 7) is soon; it has to be a number of seconds, at most 86400
  hooks.beforeLease.onFailure (line 8) is 'endlease'; it has to be one of warn, endLease, exit
  hooks.afterLease.script (line 10) is a list; it has to be a text
  hooks.afterLease.timeout (line 11) is 0; it has to be a number of seconds, at most 86400
  hooks.afterLease.exec (line 12) is a number; it has to be a text`,
    })
    for (const [hooks, message] of [
      ['hooks: 3', 'hooks (line 4) is a number; it has to be a mapping'],
      ['hooks: { beforeLease: echo }', 'hooks.beforeLease (line 4) is a string; it has to be a mapping'],
      ['hooks: { beforeLease: { script: "true", timeout: { a: 1 } } }', 'it has to be a number of seconds'],
    ] as const) {
      write({ 'lab.yaml': `${head}${hooks}\n` })
      await expect(loadExporter(path('lab.yaml'), driverTypes)).rejects.toThrow(message)
    }
  })
})
