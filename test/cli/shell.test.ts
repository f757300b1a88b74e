import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { createCliFolder } from '../support/cli.ts'

const timeout = 60_000
let cli: Awaited<ReturnType<typeof createCliFolder>>
let desk: string

beforeAll(async () => {
  cli = await createCliFolder()
  desk = cli.exporter('desk', { labels: { zone: 'west', board: 'uno' } })
})
beforeEach(() => rmSync(join(cli.folder, 'journal'), { force: true }))
afterAll(() => cli[Symbol.asyncDispose]())

const shell = (command: readonly string[], env: Record<string, string> = {}) =>
  cli.run(['shell', '--exporter-config', desk, '--', ...command], { env })

function journal(): string[] {
  const file = join(cli.folder, 'journal')
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
}

/** The command lines of processes that have to do with the folder. */
async function processes(): Promise<string[]> {
  const { stdout } = await execa('ps', ['-A', '-o', 'stat=,args='])
  return stdout.split('\n').filter((line) => line.includes(cli.folder) && !line.startsWith('Z'))
}

/** Nothing is left, and the drivers were closed. */
async function expectNothingLeft(): Promise<void> {
  await expect.poll(journal, { timeout: 20_000 }).toEqual(['reset', 'close'])
  await expect.poll(processes, { timeout: 20_000 }).toEqual([])
  await expect.poll(() => readdirSync(join(cli.folder, 'tmp')), { timeout: 20_000 }).toEqual([])
}

describe('the exit code', () => {
  test.each<[string, readonly string[], number, RegExp]>([
    ['is the command’s', ['sh', '-c', 'exit 7'], 7, /^$/],
    ['says by which signal it was killed', ['sh', '-c', 'kill -9 $$'], 137, /^$/],
    ['is 127 where there is none', ['no-such-command'], 127, /^error: no-such-command: command not found$/],
    ['is 126 where it cannot be run', [import.meta.filename], 126, /^error: .*EACCES$/],
    ['is 126 where it is below a file', ['/dev/null/x'], 126, /^error: .*ENOTDIR$/],
  ])('%s', { timeout }, async (_what, command, code, stderr) => {
    expect(await shell(command)).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(stderr) })
    await expectNothingLeft()
  })

  test('is 2 for wrong use, before anything starts', { timeout }, async () => {
    const [both, none] = await Promise.all([
      cli.run(['shell', '--exporter-config', desk, '--host', 'x:1', '--', 'true']),
      cli.run(['shell', '--', 'true']),
    ])
    expect(both).toMatchObject({ code: 2, stderr: 'error: --exporter-config and --host exclude each other' })
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('error: no exporter: give --host') })
    const missing = await cli.run(['shell', '--exporter-config', 'missing.yaml', '--', 'true'])
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('error: Cannot read missing.yaml') })
    expect(journal()).toEqual([])
  })
})

describe('the command', () => {
  test('finds the exporter in its environment, and nothing of another', { timeout }, async () => {
    const outer = {
      JUMPSTARTER_HOST: 'other:1',
      JMP_GRPC_INSECURE: '1',
      JUMPSTARTER_GRPC_INSECURE: '1',
      JMP_GRPC_PASSPHRASE: 'of another',
      JMP_EXPORTER: 'other',
    }
    const { code, stdout } = await shell(['env'], outer)
    expect(code).toBe(0)
    const variables = stdout.split('\n').filter((line) => /^_?(?:JMP|JUMPSTARTER)_/.test(line))
    expect(variables.toSorted()).toEqual([
      'JMP_DRIVERS_ALLOW=UNSAFE',
      'JMP_EXPORTER=local',
      'JMP_EXPORTER_LABELS=board=uno,zone=west',
      'JMP_LEASE=direct',
      expect.stringMatching(/^JUMPSTARTER_HOST=.+\/session\.sock$/),
      '_JMP_SUPPRESS_DRIVER_WARNINGS=1',
    ])
    await expectNothingLeft()
  })

  test('has the input, and uses the drivers', { timeout }, async () => {
    const call = `'${process.execPath}' '${cli.mainFile}' call`
    const { code, stdout } = await cli.run(
      ['shell', '--exporter-config', desk, '--', 'sh', '-c', `cat; ${call} bench.probe.echoBack 1; ${call} power.on`],
      { input: 'from outside\n' },
    )
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'from outside\n[1]\nnull' })
    await expectNothingLeft()
  })

  test('is the user’s shell unless there is another', { timeout }, async () => {
    const input = 'echo "in a shell at $JMP_LEASE"; exit 3'
    for (const env of [{ SHELL: '/bin/sh' }, { SHELL: '' }]) {
      rmSync(join(cli.folder, 'journal'), { force: true })
      const { code, stdout, stderr } = await cli.run(['shell', '--exporter-config', desk], { input, env })
      expect({ code, stdout }).toEqual({ code: 3, stdout: 'in a shell at direct' })
      expect(stderr).toContain('exporter local is leased; exit ends the lease')
    }
    await expectNothingLeft()
  })
})

describe('hooks', () => {
  test('print on standard error; a command that fails keeps its exit code', { timeout }, async () => {
    const hooks = {
      beforeLease: { script: 'echo one' },
      afterLease: { script: 'echo two; exit 5', onFailure: 'endLease' },
    }
    const file = cli.exporter('hooked', { hooks })
    const { code, stdout, stderr } = await cli.run([
      'shell',
      '--exporter-config',
      file,
      '--',
      'sh',
      '-c',
      'echo use; exit 7',
    ])
    expect({ code, stdout }).toEqual({ code: 7, stdout: 'use' })
    expect(stderr.split('\n')).toEqual([
      'beforeLease: one',
      'afterLease: two',
      "error: The exporter's afterLease hook failed with exit code 5",
      '  | two',
    ])
    await expectNothingLeft()
  })

  test('one that fails before the lease is said once, and the command does not run', { timeout }, async () => {
    for (const onFailure of ['endLease', 'exit']) {
      rmSync(join(cli.folder, 'journal'), { force: true })
      const hooks = {
        beforeLease: { script: 'echo no board; exit 5', onFailure },
        afterLease: { script: 'echo after' },
      }
      const file = cli.exporter('failing', { hooks })
      expect(await cli.run(['shell', '--exporter-config', file, '--', 'echo', 'use'])).toMatchObject({
        code: 1,
        stdout: '',
        stderr: "beforeLease: no board\nerror: The exporter's beforeLease hook failed with exit code 5\n  | no board",
      })
      await expectNothingLeft()
    }
  })
})

describe('signals', () => {
  // Not a loop in sh, because dash may lose a signal that comes while it starts a process.
  const waiting = [
    ...[process.execPath, '-e'],
    `for (const name of ['SIGTERM', 'SIGHUP']) process.on(name, () => { console.log('told'); process.exit(9) })
     setInterval(() => undefined, 1000)
     console.log('begun', process.pid)`,
  ]

  test.each(['SIGTERM', 'SIGHUP'] as const)(
    '%s is passed on, and the lease ends after the command',
    { timeout },
    async (signal) => {
      await using running = cli.start(['shell', '--exporter-config', desk, '--', ...waiting])
      await running.prints(/begun/)
      running.child.kill(signal)
      expect(await running.child).toMatchObject({ exitCode: 9 })
      expect(running.output.stdout).toMatch(/told/)
      await expectNothingLeft()
    },
  )

  test('SIGINT is the command’s alone', { timeout }, async () => {
    await using running = cli.start(['shell', '--exporter-config', desk, '--', ...waiting])
    await running.prints(/begun/)
    running.child.kill('SIGINT')
    running.child.kill('SIGTERM')
    expect(await running.child).toMatchObject({ exitCode: 9 })
    await expectNothingLeft()
  })

  test('after SIGKILL the exporter closes its drivers and ends, also in a hook', { timeout }, async () => {
    await using running = cli.start(['shell', '--exporter-config', desk, '--', ...waiting])
    const pid = await running.prints(/begun (\d+)/)
    running.child.kill('SIGKILL')
    await expect.poll(journal, { timeout: 20_000 }).toEqual(['reset', 'close'])
    // The command is nobody's any more; a terminal would end it.
    process.kill(Number(pid), 'SIGKILL')
    await running.child
    await expectNothingLeft()

    rmSync(join(cli.folder, 'journal'))
    const slow = cli.exporter('slow', { hooks: { beforeLease: { script: 'while :; do echo busy; sleep 0.05; done' } } })
    await using starting = cli.start(['shell', '--exporter-config', slow, '--', 'echo', 'use'])
    await starting.prints(/busy/)
    starting.child.kill('SIGKILL')
    await starting.child
    await expectNothingLeft()
    expect(starting.output.stdout).toBe('')
  })

  test(
    'after SIGKILL while the lease ends, the hook and the drivers still come to their ends',
    { timeout },
    async () => {
      const [gate, file] = [join(cli.folder, 'gate'), join(cli.folder, 'journal')]
      const script = `echo busy; while [ ! -e '${gate}' ]; do sleep 0.05; done; echo after >> '${file}'`
      const exporter = cli.exporter('ending', { hooks: { afterLease: { script } } })
      await using running = cli.start(['shell', '--exporter-config', exporter, '--', 'true'])
      await running.prints(/afterLease: busy/)
      running.child.kill('SIGKILL')
      await running.child
      cli.write('gate', '')
      await expect.poll(journal, { timeout: 20_000 }).toEqual(['reset', 'after', 'close'])
      await expect.poll(processes, { timeout: 20_000 }).toEqual([])
    },
  )
})
