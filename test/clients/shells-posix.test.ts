import { createHash, randomBytes } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'

import { CommandError, type LinuxShellOptions } from '../../src/clients/index.ts'
import { createPrivateFolder, type PrivateFolder } from '../../src/base/private-folder.ts'
import { startOnPty } from '../support/shell-on-pty.ts'
import { needsCommand } from '../support/system-part.ts'

// To interrupt a program that does not end takes seconds.
vi.setConfig({ testTimeout: 20_000 })

const shells = ['dash -i', 'bash --norc --noprofile -i']

let folder: PrivateFolder
beforeEach(async ({ skip }) => {
  needsCommand('socat', skip)
  folder = await createPrivateFolder()
})
afterEach(() => folder.remove())

async function start(command: string, options: LinuxShellOptions = {}) {
  const pty = startOnPty(command)
  onTestFinished(() => pty[Symbol.asyncDispose]())
  await pty.console.reader().expect('$ ')
  return { console: pty.console, shell: await pty.console.shell('linux', { timeoutMs: 10_000, ...options }) }
}

describe.each(shells)('%s', (program) => {
  test('gives the output as it is, and the exit code', async () => {
    const { shell } = await start(program)
    expect(await shell.run('echo hi; echo oops >&2; (exit 3)')).toMatchObject({ output: 'hi\noops\n', exitCode: 3 })
    expect(await shell.run('printf abc')).toMatchObject({ output: 'abc', exitCode: 0 })
    expect(await shell.run('true')).toMatchObject({ output: '', exitCode: 0 })
    expect(await shell.run('printf "a\\r\\nb\\rc\\n\\n"')).toMatchObject({ output: 'a\r\nb\rc\n\n' })
  })

  test('takes quotes, several lines, here-documents, and what is not ASCII', async () => {
    const { shell } = await start(program)
    expect(await shell.runOrThrow(`echo 'a b' "c  d" \`echo x\` !! %s \\\\ "ö€"`)).toBe('a b c  d x !! %s \\ ö€')
    expect(await shell.runOrThrow('cat <<END\none $((1 + 1))\n\tthree\nEND\necho four')).toBe('one 2\n\tthree\nfour')
    expect(await shell.runOrThrow('for i in 1 2; do\n  echo $i # or so\ndone')).toBe('1\n2')
  })

  test('takes commands that are longer than a line of a terminal', async () => {
    const { shell } = await start(program)
    const long = Array.from({ length: 2_000 }, (_, index) => `w'ör'd${index}`).join(' ')
    const output = await shell.runOrThrow(`echo ${long}`)
    expect(output).toBe(long.replaceAll("'", ''))
  })

  test('survives mistakes in commands', async () => {
    const { shell } = await start(program)
    for (const mistake of ['if then', "echo 'x", '${nowhere?is missing}', 'nosuchcommand', ')']) {
      expect((await shell.run(mistake)).exitCode, mistake).not.toBe(0)
    }
    expect(await shell.runOrThrow('echo fine')).toBe('fine')
  })

  test('keeps folder and variables from one command to the next, but not those of `env`', async () => {
    const { shell } = await start(program, { env: { EVERYWHERE: "it's\nhere" } })
    await shell.run('cd /; kept=5')
    expect(await shell.runOrThrow('pwd; echo $kept')).toBe('/\n5')
    expect(await shell.runOrThrow('echo "$ONE"; cd /tmp', { env: { ONE: '$x "y"' } })).toBe('$x "y"')
    expect(await shell.runOrThrow('pwd; echo "$ONE"')).toBe('/\n')
    expect(await shell.getEnv('EVERYWHERE')).toBe("it's\nhere")
    expect(await shell.getEnv('NOWHERE')).toBeUndefined()
    await shell.setEnv({ LATER: '' })
    expect(await shell.getEnv('LATER')).toBe('')
    await expect(shell.setEnv({ 'a b': '' })).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    await expect(shell.run('echo \0')).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
  })

  test('interrupts what takes too long, and goes on', async () => {
    const { shell } = await start(program)
    const slow = shell.run('echo begun; sleep 60', { timeoutMs: 300 })
    await expect(slow).rejects.toMatchObject({ code: 'CONSOLE_TIMEOUT', message: expect.stringContaining('  | begun') })
    await expect(slow).rejects.toThrow('"echo begun; sleep 60" did not end within 300 ms. It was interrupted.')
    expect(await shell.runOrThrow('echo fine')).toBe('fine')
    await expect(shell.run('cat', { timeoutMs: 100 })).rejects.toThrow('was interrupted')
    await expect(shell.run("trap '' INT; sleep 60", { timeoutMs: 100 })).rejects.toThrow('was interrupted')
    expect(await shell.runOrThrow('trap - INT; echo fine')).toBe('fine')
  })

  test('interrupts what is cancelled, and does not begin what is cancelled before', async () => {
    const { console, shell } = await start(program)
    const controller = new AbortController()
    const slow = shell.run('echo "be"gun; sleep 60', { signal: controller.signal })
    const queued = shell.run('echo "que"ued', { signal: controller.signal })
    await console.reader().expect('begun')
    controller.abort(new Error('enough'))
    await expect(queued).rejects.toMatchObject({ code: 'CALL_CANCELLED' })
    await expect(slow).rejects.toMatchObject({ code: 'CALL_CANCELLED', message: expect.stringContaining('enough') })
    expect(await shell.runOrThrow('echo fine')).toBe('fine')
    expect(console.all).not.toContain('queued')
  })

  test('runs commands one after the other', async () => {
    const { shell } = await start(program)
    const results = await Promise.all(['sleep 0.2; echo 1', 'echo 2', 'echo 3'].map((each) => shell.runOrThrow(each)))
    expect(results).toEqual(['1', '2', '3'])
  })

  test('throws with command, exit code and last lines', async () => {
    const { shell } = await start(program)
    const failed = shell.runOrThrow('for i in 1 2 3; do echo $i; done; exit_code=4; (exit $exit_code)')
    await expect(failed).rejects.toBeInstanceOf(CommandError)
    await expect(failed).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      origin: 'firmware',
      command: expect.stringContaining('for i in'),
      result: { exitCode: 4, output: '1\n2\n3\n' },
      message: expect.stringMatching(/ended with exit code 4\. Last lines:\n {2}\| 1\n {2}\| 2\n {2}\| 3$/),
    })
  })

  test('finds a prompt after any text on the console', async () => {
    const { console } = await start(program)
    await console.send("echo 'half a line")
    const shell = await console.shell('linux', { timeoutMs: 10_000 })
    expect(await shell.runOrThrow('echo fine')).toBe('fine')
    await console.sendLine('cat')
    const other = await console.shell('linux', { timeoutMs: 20_000 })
    expect(await other.runOrThrow('echo fine')).toBe('fine')
  })

  test('is not confused by noise in the background', async () => {
    const { shell } = await start(program)
    await shell.run('(while sleep 0.01; do echo noise; done) & noise=$!')
    for (let n = 0; n < 30; n++) {
      const { output, exitCode } = await shell.run(`echo result ${n}; (exit ${n})`)
      expect(output.replaceAll(/noise\n/g, '')).toBe(`result ${n}\n`)
      expect(exitCode).toBe(n)
    }
    await shell.run('kill $noise')
  })

  test('trips no guard by what is typed, and by what commands print', async () => {
    const { console, shell } = await start(program)
    const file = join(folder.path, 'dmesg-ramoops-0')
    await writeFile(file, '<0>[   12.345678] Kernel panic - not syncing: old\nKernel panic - not syncing: older\nend')
    const board = console.reader().expect('never printed', { timeoutMs: 20_000 })
    expect(await shell.runOrThrow(`grep -c 'Kernel panic - not syncing' ${file}`)).toBe('2')
    expect(await shell.runOrThrow(`cat ${file}`)).toMatch(/^<0>[^]*older\nend$/)
    // The end of the command is on the line of the guard's match.
    expect(await shell.runOrThrow("printf 'Kernel panic - not syncing'")).toBe('Kernel panic - not syncing')
    const failed = shell.runOrThrow(`cat ${file}; (exit 3)`)
    await expect(failed).rejects.toMatchObject({ code: 'COMMAND_FAILED', result: { exitCode: 3 } })
    const slow = shell.run(`cat ${file}; sleep 60`, { timeoutMs: 300 })
    await expect(slow).rejects.toMatchObject({ code: 'CONSOLE_TIMEOUT', message: expect.stringContaining('older') })
    await shell.run('stty cols 40; printf x')
    const wide = "echo aaaaaaaaaaaaaaaa 'Kernel panic - not syncing: in the middle of a line'"
    expect(await shell.runOrThrow(wide)).toBe('aaaaaaaaaaaaaaaa Kernel panic - not syncing: in the middle of a line')
    expect(await shell.runOrThrow('echo fine')).toBe('fine')
    await shell.leave("echo 'Kernel panic - not syncing' >/dev/null")
    expect(await shell.runOrThrow('echo fine')).toBe('fine')
    // Echoed by the terminal while the shell does not read, and then by the shell.
    const echoes = console.reader({ from: 'end' })
    await console.sendLine('echo begun; sleep 0.5')
    await echoes.expect('begun\r\n')
    await console.sendLine("echo 'Kernel panic - not syncing' >/dev/null")
    for (let n = 0; n < (program.startsWith('bash') ? 2 : 1); n++) await echoes.expect("not syncing' >")
    expect(await shell.runOrThrow('echo fine')).toBe('fine')
    await console.sendLine("echo -'Kernel panic - not syncing'-")
    await expect(board).rejects.toMatchObject({ code: 'GUARD_TRIPPED', message: expect.stringContaining('-"') })
  })

  test('fails at once with a panic that the kernel logs during a command', async () => {
    const { shell } = await start(program)
    const panic = shell.run("echo a; printf '[    1.234567] Kernel panic - not sync'; echo 'ing: x'; sleep 60")
    await expect(panic).rejects.toMatchObject({ code: 'GUARD_TRIPPED', origin: 'firmware' })
    await expect(panic).rejects.toThrow('kernel panic: it printed "Kernel panic - not syncing: x"')
  })

  test('has no guard for a command that turns them off', async () => {
    const { shell } = await start(program)
    const panic = "echo '[    1.234567] Kernel panic - not sync''ing: x'"
    const { output } = await shell.run(panic, { guards: false, keepKernelMessages: true })
    expect(output).toBe('[    1.234567] Kernel panic - not syncing: x\n')
    await expect(shell.run(`${panic}; sleep 60`)).rejects.toMatchObject({ code: 'GUARD_TRIPPED' })
  })

  test('uploads and downloads files', async () => {
    const { shell } = await start(program)
    const content = randomBytes(20_001)
    const path = join(folder.path, "it's -x")
    await shell.upload(content, path, { mode: 0o754 })
    expect(await readFile(path)).toEqual(content)
    expect((await stat(path)).mode & 0o777).toBe(0o754)
    expect(await shell.download(path)).toEqual(content)
    const local = join(folder.path, 'local')
    await writeFile(local, '')
    await shell.upload(local, path)
    expect(await shell.download(path)).toEqual(Buffer.alloc(0))
    // The terminal echoes again.
    expect(await shell.runOrThrow('stty -a')).toMatch(/\secho\s/)
  })

  test('says what is wrong with a file', async () => {
    const { shell } = await start(program)
    await expect(shell.upload('/nowhere/x', '/tmp/x')).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    const unwritable = shell.upload(Buffer.from('x'), '/nowhere/x')
    await expect(unwritable).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      message: expect.stringContaining('/nowhere'),
    })
    await expect(shell.download('/nowhere/x')).rejects.toMatchObject({ code: 'COMMAND_FAILED' })
    await expect(shell.upload(Buffer.alloc(50_000), '/dev/full/x')).rejects.toMatchObject({ code: 'COMMAND_FAILED' })
    expect(await shell.runOrThrow('echo fine')).toBe('fine')
  })
})

test('a panic without a time fails a command when the shell is dead after it', async () => {
  const { console, shell } = await start('dash -i')
  const panic = shell.run("trap '' INT QUIT; echo 'Kernel panic - not sync''ing: x'; sleep 60", { timeoutMs: 300 })
  await expect(panic).rejects.toMatchObject({ code: 'GUARD_TRIPPED', origin: 'firmware' })
  await expect(panic).rejects.toThrow(
    /did not end, because console .* reports a kernel panic: it printed "Kernel panic - not syncing: x"/,
  )
  // The error has told it, so the next wait is one after a restart.
  await expect(console.expect('login: ', { timeoutMs: 100 })).rejects.toMatchObject({ code: 'CONSOLE_TIMEOUT' })
})

test('kernel messages are set apart from the lines of a program', async () => {
  const { shell } = await start('dash -i')
  const messages = ['[    1.000000] usb 1-1: new device', '[12345.678901][   T12] eth0: link up']
  const lines = `he${messages[0]}\nllo\n${messages[1]}\nyou\n`
  const command = `printf '${lines.replaceAll('\n', String.raw`\n`)}'`
  // The text in the middle of a line could be the program's.
  const apart = { output: `he${messages[0]}\nllo\nyou\n`, kernelMessages: [messages[1]] }
  expect(await shell.run(command)).toMatchObject(apart)
  expect(await shell.run(command, { keepKernelMessages: true })).toMatchObject({ output: lines, kernelMessages: [] })
  expect(await shell.runOrThrow(command)).toBe(lines.slice(0, -1))
  expect(await shell.runOrThrow(command, { keepKernelMessages: false })).toBe(apart.output.slice(0, -1))
})

test('text of a program that resembles a kernel message stays in the output', async () => {
  const { shell } = await start('dash -i')
  const texts = ['[0.001234] s', '[ 0.001234] s', '[    1.0000001] s', '[    1.000000]', '[    1.000000][T1] s']
  for (const text of texts) {
    expect(await shell.run(`echo '${text}'; echo "elapsed ${text}"`)).toMatchObject({
      output: `${text}\nelapsed ${text}\n`,
      kernelMessages: [],
    })
  }
  expect(await shell.run("echo 'elapsed [    1.000000] s'")).toMatchObject({ output: 'elapsed [    1.000000] s\n' })
  // Without its end, a line is no message of the kernel.
  expect(await shell.run("printf '[    1.000000] s'")).toMatchObject({ output: '[    1.000000] s' })
})

describe('login', () => {
  /** A console that asks for a user and a password, as getty does. */
  async function startLogin() {
    const script = join(folder.path, 'login')
    await writeFile(
      script,
      `while :; do
         stty echo; printf 'board login: '; read -r user
         stty -echo; printf 'Password: '; read -r password; stty echo; echo
         if [ "$user:$password" = "root:let me in" ]; then echo 'Last login: now'; exec dash -i; fi
         echo 'Login incorrect'
       done`,
    )
    const pty = startOnPty(`dash ${script}`)
    onTestFinished(() => pty[Symbol.asyncDispose]())
    return pty.console
  }
  const login = { user: 'root', password: 'let me in', timeoutMs: 10_000 }

  /** A console that asks in the given words, and a function that reads the passwords that came. */
  async function startAsking(loginQuestion: string, passwordQuestion: string, asksAlways = false) {
    const [script, log] = [join(folder.path, 'ask'), join(folder.path, 'passwords')]
    await writeFile(log, '')
    await writeFile(
      script,
      `user=${asksAlways ? 'root' : ''}
       while :; do
         while [ "$user" = '' ]; do stty echo; printf "${loginQuestion}"; read -r user; done
         stty -echo; printf "${passwordQuestion}"; read -r password; stty echo; echo
         echo "$password" >>${log}
         if [ "$user:$password" = "root:let me in" ]; then exec dash -i; fi
         echo 'Not correct'
         ${asksAlways ? '' : "user=''"}
       done`,
    )
    const pty = startOnPty(`dash ${script}`)
    onTestFinished(() => pty[Symbol.asyncDispose]())
    await pty.console.reader().expect(asksAlways ? passwordQuestion : loginQuestion)
    return { console: pty.console, typed: async () => (await readFile(log, 'utf8')).split('\n').slice(0, -1) }
  }

  test.each([
    ['board login: ', 'Password for root: '],
    ['Board Login: ', 'Passwort: '],
    ['Username: ', "root@board's password:"],
    ['board login: ', 'Mot de passe : '],
  ])('is answered in other words: %s%s', async (loginQuestion, passwordQuestion) => {
    const { console, typed } = await startAsking(loginQuestion, passwordQuestion)
    const shell = await console.shell('linux', login)
    expect(await shell.runOrThrow('echo fine')).toBe('fine')
    expect(await typed()).toEqual(['let me in'])
  })

  test('is answered in any words that the options name', async () => {
    const { console, typed } = await startAsking('Kto: ', 'Sezam: ')
    const shell = await console.shell('linux', {
      ...login,
      loginPrompt: 'Kto: ',
      passwordPrompt: /Sezam: $/,
      prompt: /[$] $/,
    })
    expect(await shell.runOrThrow('echo fine')).toBe('fine')
    expect(await typed()).toEqual(['let me in'])
  })

  test('that asks in unknown words is an error at once, which tells them; nothing is typed', async () => {
    const { console, typed } = await startAsking('board login: ', 'Sezam: ')
    const shell = console.shell('linux', login)
    await expect(shell).rejects.toMatchObject({ code: 'UNAUTHENTICATED', origin: 'test' })
    await expect(shell).rejects.toThrow(
      /asks an unknown question .* passwordPrompt\. Last lines:\n {2}\| root\n {2}\| Sezam:/,
    )
    expect(await typed()).toEqual([])
  })

  test('with a wrong password types it once, and the error has what the board answered', async () => {
    const { console, typed } = await startAsking('board login: ', 'Password for root: ')
    const shell = console.shell('linux', { ...login, password: 'wrong' })
    await expect(shell).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    await expect(shell).rejects.toThrow(
      /refuses the login of root\. Last lines:\n[^]*Password for root:[^]*Not correct/,
    )
    expect(await typed()).toEqual(['wrong'])
  })

  test('never types a password again and again where only a password is asked for', async () => {
    const { console, typed } = await startAsking('', 'Password: ', true)
    const known = console.shell('linux', login)
    await expect(known).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.stringContaining('Password:'),
    })
    expect((await typed()).length).toBeLessThanOrEqual(2)
    const other = await startAsking('', 'Sezam: ', true)
    const unknown = other.console.shell('linux', { ...login, timeoutMs: 4_000 })
    await expect(unknown).rejects.toMatchObject({
      code: 'CONSOLE_TIMEOUT',
      message: expect.stringContaining('| Sezam:'),
    })
    expect((await other.typed()).length).toBeLessThanOrEqual(2)
  })

  test('is answered, and not needed when somebody is logged in', async () => {
    const console = await startLogin()
    const shell = await console.shell('linux', login)
    expect(await shell.runOrThrow('echo fine')).toBe('fine')
    const again = await console.shell('linux', login)
    expect(await again.runOrThrow('echo fine')).toBe('fine')
  })

  test('is answered where somebody else has left it', async () => {
    const console = await startLogin()
    await console.expect('login: ')
    await console.sendLine('nobody')
    await console.expect('Password: ')
    const shell = await console.shell('linux', login)
    expect(await shell.runOrThrow('echo fine')).toBe('fine')
  })

  test('that is refused is an error at once', async () => {
    const shell = (await startLogin()).shell('linux', { ...login, password: 'wrong' })
    await expect(shell).rejects.toMatchObject({ code: 'UNAUTHENTICATED', origin: 'test' })
  })

  test('that nobody can answer is an error at once', async () => {
    const shell = (await startLogin()).shell('linux', { timeoutMs: 10_000 })
    await expect(shell).rejects.toMatchObject({ code: 'ARGUMENT_INVALID', message: expect.stringContaining('login') })
  })

  test('happens again when a command has left the shell', async () => {
    const console = await startLogin()
    const shell = await console.shell('linux', { ...login, env: { KEPT: 'yes' } })
    await shell.leave(`exec dash ${join(folder.path, 'login')}`)
    expect(await shell.runOrThrow('echo $KEPT')).toBe('yes')
  })
})

test('a console where no shell answers is an error in time', async () => {
  const pty = startOnPty('cat')
  await using _ = pty
  const shell = pty.console.shell('linux', { timeoutMs: 1_000 })
  await expect(shell).rejects.toMatchObject({ code: 'CONSOLE_TIMEOUT', message: expect.stringContaining('no shell') })
})

test('there are no other kinds of shells', async () => {
  const pty = startOnPty('cat')
  await using _ = pty
  // @ts-expect-error: a test in JavaScript may pass this
  const shell = pty.console.shell('dos')
  await expect(shell).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
})

test('any output comes through exactly, be it prompts, markers, or ends of lines', async () => {
  const { console, shell } = await start('dash -i')
  const marker = fc.nat().map((n) => {
    const seen = console.all.match(/vh[\da-f]{16}(?::\d+;)?/g) ?? ['vh0123456789abcdef:0;']
    return seen[n % seen.length] ?? ''
  })
  const piece = fc.oneof(
    marker,
    fc.constantFrom(
      '$ ',
      '# ',
      '\n# ',
      '=> ',
      '\r',
      '\n',
      '\r\n',
      '\t',
      'vh',
      'vh01',
      ':0;',
      "'",
      '"',
      '\\',
      '%s',
      '!1',
    ),
    fc.string({ unit: fc.constantFrom(...Array.from('abc012 ~^`{}()<>|&;*?#[]ä€😀')) }),
  )
  const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
  await fc.assert(
    fc.asyncProperty(text, fc.integer({ min: 0, max: 255 }), async (output, exitCode) => {
      const quoted = `'${output.replaceAll("'", String.raw`'\''`)}'`
      const result = await shell.run(`printf %s ${quoted}; (exit ${exitCode})`, { keepKernelMessages: true })
      expect(result).toMatchObject({ output, exitCode })
    }),
    { numRuns: 200 },
  )
})

test('a large output comes through', async () => {
  const { shell } = await start('dash -i')
  const { output } = await shell.run('seq 1 100000')
  const expected = Array.from({ length: 100_000 }, (_, index) => `${index + 1}\n`).join('')
  expect(createHash('sha256').update(output).digest('hex')).toBe(createHash('sha256').update(expected).digest('hex'))
})

test('a shell of which only the prompt is known runs commands too', async () => {
  const pty = startOnPty('dash -i')
  await using _ = pty
  const shell = await pty.console.shell({ prompt: '$ ' }, { timeoutMs: 10_000 })
  expect(await shell.run('echo hi')).toMatchObject({ output: 'hi\n', exitCode: undefined })
  await expect(shell.runOrThrow('echo hi')).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
  await expect(shell.run('sleep 60', { timeoutMs: 100 })).rejects.toThrow('was interrupted')
  expect((await shell.run('pwd; echo there')).output).toMatch(/^\/.*\nthere\n$/)
})

describe('the output in a shell of which only the prompt is known', () => {
  async function startPrompt(command: string, env: Readonly<Record<string, string>> = {}) {
    const pty = startOnPty(command, { env: { ...process.env, PS1: '$ ', ENV: '', ...env } })
    onTestFinished(() => pty[Symbol.asyncDispose]())
    return pty.console.shell({ prompt: '$ ' }, { timeoutMs: 10_000 })
  }

  test.each([
    ['dash -i', 'dumb'],
    ['bash --norc --noprofile -i', 'dumb'],
    ['bash --norc --noprofile -i', 'vt100'],
    ['bash --norc --noprofile -i', 'xterm'],
  ])('has no part of the echo: %s, TERM=%s', async (command, TERM) => {
    const shell = await startPrompt(command, { TERM })
    expect(await shell.run('echo hi')).toMatchObject({ output: 'hi\n' })
    expect(await shell.run('true')).toMatchObject({ output: '' })
    expect(await shell.run("printf 'a\\n\\nb\\n'")).toMatchObject({ output: 'a\n\nb\n' })
    // 80 columns, with the prompt
    for (const width of [70, 72, 73, 74, 75, 150, 152, 153, 154, 300]) {
      const text = Array.from({ length: width }, (_, index) => 'abcdefghijklmnopqrstuvw'[index % 23]).join('')
      expect(await shell.run(`echo ${text}`)).toMatchObject({ output: `${text}\n` })
      const same = 'z'.repeat(width)
      expect(await shell.run(`echo ${same}`)).toMatchObject({ output: `${same}\n` })
    }
    // The typed line has the prompt.
    expect(await shell.run(`: 1 $ 2 ${'x'.repeat(80)} $ 3; echo 3`)).toMatchObject({ output: '3\n' })
  })
})
