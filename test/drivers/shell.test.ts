import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test, vi } from 'vitest'

import { DriverClient, ShellClient } from '../../src/clients/index.ts'
import { type ShellConfig, ShellDriver } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { createPrivateFolder } from '../../src/base/private-folder.ts'

const serveShell = (methods: ShellConfig['methods'], config: Omit<ShellConfig, 'methods'> = {}) =>
  serve(new ShellDriver({ methods, ...config }), { client: ShellClient })

/** Whether a process runs; one that has ended and that nobody has asked for its exit code does not. */
async function isRunning(pid: string): Promise<boolean> {
  const { stdout } = await execa('ps', ['-o', 'stat=', '-p', pid], { reject: false })
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z')
}

describe('a command', { timeout: 30_000 }, () => {
  test('has output, errors and an exit code', async () => {
    await using shell = await serveShell({ talk: 'echo out; echo err >&2; exit 3', ok: 'true' })
    expect(await shell.methods()).toEqual(['talk', 'ok'])
    expect(await shell.run('talk')).toEqual({ stdout: 'out\n', stderr: 'err\n', exitCode: 3 })
    expect(await shell.run('ok')).toEqual({ stdout: '', stderr: '', exitCode: 0 })
  })

  test('has arguments that no shell reads, and its own name', async () => {
    await using shell = await serveShell({ args: 'printf "%s|" "$0" "$#" "$@"' })
    const args = ['a b', '$(id)', '"; exit 7; "', '', '-n', '*', '`id`\n']
    const { stdout } = await shell.run('args', { args })
    expect(stdout).toBe(`${['args', String(args.length), ...args].join('|')}|`)
  })

  test("has the exporter's environment and the client's, and no input", async () => {
    await using shell = await serveShell({ env: 'echo "$PATH|$GREETING|$(cat)"' })
    const env = { GREETING: 'hello $PATH' }
    expect((await shell.run('env', { env })).stdout).toBe(`${process.env['PATH']}|hello $PATH|\n`)
  })

  test('runs in its folder, by the shell that the lab says', async () => {
    await using shell = await serveShell({ where: 'pwd; echo $0 $1' }, { cwd: '/usr', shell: ['sh', '-e', '-c'] })
    expect((await shell.run('where', { args: ['x'] })).stdout).toBe('/usr\nwhere x\n')
  })

  test('that a signal ends has its number, as in Python', async () => {
    await using shell = await serveShell({ die: 'kill -KILL $$' })
    expect((await shell.run('die')).exitCode).toBe(-9)
  })

  test('gives its output as it comes', async () => {
    await using shell = await serveShell({
      wait: 'echo first; until [ -e "$1" ]; do sleep 0.02; done; echo "then more"',
    })
    const folder = await createPrivateFolder()
    try {
      const sign = join(folder.path, 'sign')
      const seen: string[] = []
      const { stdout } = await shell.run('wait', {
        args: [sign],
        onOutput: (chunk) => {
          if (chunk.stdout === '') return
          seen.push(chunk.stdout)
          if (seen.length === 1) void writeFile(sign, '')
        },
      })
      expect(seen).toEqual(['first\n', 'then more\n'])
      expect(stdout).toBe('first\nthen more\n')
    } finally {
      await folder.remove()
    }
  })

  test('may print in UTF-8, cut anywhere, and what is none', async () => {
    const script = `for byte in e2 98 82 e2 98 82; do printf "\\x$byte"; sleep 0.05; done; printf '\\xff\\xe2'`
    await using shell = await serveShell({ rain: script })
    expect((await shell.run('rain')).stdout).toBe('☂☂\ufffd\ufffd')
  })

  test('may print a lot', async () => {
    await using shell = await serveShell({ flood: 'head -c 20000000 /dev/zero | tr "\\0" x' })
    const { stdout, exitCode } = await shell.run('flood')
    expect([stdout.length, exitCode]).toEqual([20_000_000, 0])
  })

  test('waits for a client that does not read', async ({ skip }) => {
    skip(process.platform !== 'linux', 'the bytes that a process has written are in /proc')
    await using shell = await serveShell({ endless: 'echo $$; exec yes' })
    const output = shell.follow('endless')
    const first = (await output.next()).value?.stdout ?? ''
    const pid = first.split('\n')[0] ?? ''
    const written = async () => Number(/wchar: (\d+)/.exec(await readFile(`/proc/${pid}/io`, 'utf8'))?.[1])
    let last = -1
    // It stands still once all that lies between them is full.
    await expect.poll(async () => last === (last = await written()), { interval: 200, timeout: 10_000 }).toBe(true)
    expect(last).toBeLessThan(32 * 1024 * 1024)
    await output.return(undefined)
    await expect.poll(() => isRunning(pid), { timeout: 10_000 }).toBe(false)
  })
})

describe('a command is ended', { timeout: 30_000, concurrent: true }, () => {
  const tree = 'sleep 1000 & echo $$ $!; wait'
  const stubborn = 'trap "" TERM; echo $$ $$; while :; do sleep 0.1; done'

  async function start(shell: ShellClient, name: string, options = {}) {
    const output = shell.follow(name, options)
    const { value } = await output.next()
    return { output, pids: value?.stdout.trim().split(' ') ?? [] }
  }
  async function allEnded(pids: readonly string[]) {
    const someRun = async () => (await Promise.all(pids.map(isRunning))).includes(true)
    // `expect.poll` does not know which of the concurrent tests it belongs to.
    await vi.waitUntil(async () => !(await someRun()), { timeout: 10_000, interval: 100 })
  }

  test('with all that it has started when its time is over, and has 199', async () => {
    await using shell = await serveShell({ tree: { command: tree, timeout: 2 } })
    const { output, pids } = await start(shell, 'tree')
    const rest = await Array.fromAsync(output)
    expect(rest.at(-1)).toMatchObject({ exitCode: 199, stderr: expect.stringContaining('after 2 s') })
    expect(pids).toHaveLength(2)
    await allEnded(pids)
  })

  test('after its last words', async () => {
    await using shell = await serveShell(
      { polite: 'trap "echo bye; exit 1" TERM; while :; do sleep 0.05; done' },
      { timeout: 2 },
    )
    expect(await shell.run('polite')).toMatchObject({ stdout: 'bye\n', exitCode: 199 })
  })

  test('by force where it does not end by itself', { timeout: 20_000 }, async () => {
    await using shell = await serveShell({ stubborn }, { timeout: 2 })
    const { output, pids } = await start(shell, 'stubborn')
    expect((await Array.fromAsync(output)).at(-1)?.exitCode).toBe(199)
    await allEnded(pids)
  })

  test('when the client leaves the loop, or its signal is aborted', async () => {
    await using shell = await serveShell({ tree })
    const left = await start(shell, 'tree')
    await left.output.return(undefined)
    await allEnded(left.pids)

    const controller = new AbortController()
    const aborted = await start(shell, 'tree', { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(aborted.output.next()).rejects.toMatchObject({ code: 'CALL_CANCELLED' })
    await allEnded(aborted.pids)
  })

  test('when the driver is closed', async () => {
    const driver = new ShellDriver({ methods: { tree } })
    await using shell = await serve(driver, { client: ShellClient })
    const { output, pids } = await start(shell, 'tree')
    await driver.close()
    await allEnded(pids)
    expect((await Array.fromAsync(output)).at(-1)?.exitCode).toBeLessThan(0)
  })

  test('when the session ends', async () => {
    let pids: string[] = []
    {
      await using shell = await serveShell({ tree })
      ;({ pids } = await start(shell, 'tree'))
    }
    await allEnded(pids)
  })

  test('also if a process outside its group holds its output', async () => {
    await using shell = await serveShell({ away: 'setsid sleep 30 & echo $!; wait' }, { timeout: 2 })
    const { output, pids } = await start(shell, 'away')
    expect((await Array.fromAsync(output)).at(-1)?.exitCode).toBe(199)
    process.kill(Number(pids[0]))
  })
})

describe('is refused', () => {
  test('a command that is not there', async () => {
    await using shell = await serveShell({ a: 'true', b: 'true' })
    await expect(shell.run('c')).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      message: "callMethod: There is no command 'c'; there are a, b",
    })
    await expect(shell.run('constructor')).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
  })

  test.each(['PATH', 'HOME', 'LD_PRELOAD', 'LD_AUDIT', 'BASH_ENV', 'BASH_FUNC_ls', 'PYTHONPATH', 'KUBECONFIG'])(
    'the variable %s',
    async (name) => {
      await using shell = await serveShell({ a: 'true' })
      await expect(shell.run('a', { env: { [name]: 'x' } })).rejects.toMatchObject({
        code: 'ARGUMENT_INVALID',
        message: `callMethod: Environment variable '${name}' is blocked for security reasons`,
      })
    },
  )

  test.each([
    [['a', { 'A B': 'x' }], '"A B" is not a name'],
    [['a', { 'A=B': 'x' }], '"A=B" is not a name'],
    [['a', { A: 1 }], 'variable A has to be a text'],
    [['a', { A: 'x\0' }], 'variable A has to be a text without NUL'],
    [['a', ['A=1']], 'has to be an object'],
    [['a', {}, 1], 'Argument 1 of the command has to be a text'],
    [['a', {}, 'x', 'y\0'], 'Argument 2 of the command has to be a text without NUL'],
  ])('%j', async (args, message) => {
    await using shell = await serve(new ShellDriver({ methods: { a: 'true' } }), { client: DriverClient })
    const call = shell.streamingCall('call_method', ...args).next()
    await expect(call).rejects.toMatchObject({ code: 'ARGUMENT_INVALID', message: expect.stringContaining(message) })
  })

  test('what cannot be started', async () => {
    await using noShell = await serveShell({ a: 'true' }, { shell: ['/nowhere/bash', '-c'] })
    await expect(noShell.run('a')).rejects.toMatchObject({
      code: 'PROGRAM_MISSING',
      origin: 'lab',
      message: 'callMethod: The program /nowhere/bash is not installed: install it, or name another one in `shell`',
    })
    await using noFolder = await serveShell({ a: 'true' }, { cwd: '/nowhere' })
    await expect(noFolder.run('a')).rejects.toThrow('The folder /nowhere (cwd) does not exist')
  })
})

describe('the config', () => {
  test('describes the commands', () => {
    const methods = { a: 'true', b: { command: 'true', description: 'Does nothing' } }
    expect(new ShellDriver({ methods }).methodsDescription).toEqual({ b: 'Does nothing' })
  })

  test("may leave out a command, which is the one of Jumpstarter's driver", async () => {
    await using shell = await serveShell({ a: { description: 'Greets' } })
    expect(await shell.run('a')).toMatchObject({ stdout: 'Hello\n' })
  })

  test('is told all its mistakes at once', () => {
    const config = {
      methods: { a: '', b: { command: 1, description: 5, time: 1 }, c: 7 },
      shell: 'bash',
      timeout: '5',
      wd: '/',
    }
    const run = () => new ShellDriver(config as never)
    expect(run).toThrow(TypeError)
    for (const part of [
      'methods.a is empty',
      'methods.b.command is 1; it has to be a text',
      'methods.b.description is 5',
      'methods.b.time is an unknown key; known keys: command, description, timeout',
      'methods.c is 7',
      'shell is "bash"; it has to be a list of texts',
      'timeout is "5"; it has to be a number',
      'wd is an unknown key; known keys: methods, shell, timeout, cwd',
    ]) {
      expect(run).toThrow(part)
    }
    expect(() => new ShellDriver({} as never)).toThrow('methods is missing')
    expect(() => new ShellDriver(undefined as never)).toThrow('methods is missing')
  })
})
