import { hostname } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, onTestFinished, test } from 'vitest'

import { type PipedProcess, ProcessOutput } from '../support/process-output.ts'
import { boardYaml, config, createProject, projectFile, sessionsOf } from '../support/project.ts'

/** A test file that keeps its board until the file `go` is there, and writes a mark in the journal. */
const keeps = (mark: string) => projectFile('two-runs/a.test.ts').replace("'a'", `'${mark}'`)

/** A holder as others are told: \`vitest run a\` or \`vitest-hardware shell …\`. */
const holder = (command: string, pid: number | undefined, file = '') =>
  new RegExp(`${command}.* \\(process ${pid}\\)${file === '' ? '' : ` for /.*${file}`}, since \\d\\d:\\d\\d:\\d\\d`)

async function createBench(files: Readonly<Record<string, string>>, options: object = {}, ...from: readonly string[]) {
  const own = {
    'one.yaml': boardYaml('one', { name: 'one', kind: 'uno' }, {}, ['board.relax']),
    'two.yaml': boardYaml('two', { name: 'two', kind: 'uno' }, {}, ['board.relax']),
    'vitest.config.js': config({ exporters: { one: 'one.yaml' }, ...options }),
    ...files,
  }
  const project = await createProject(own, ...from)
  const main = join(project.folder, 'node_modules/vitest-hardware/dist/cli/main.js')
  const started = <Process extends PipedProcess & { kill(signal: NodeJS.Signals): boolean }>(process: Process) => {
    onTestFinished(() => void process.kill('SIGKILL'))
    const output = new ProcessOutput(process)
    return { process, prints: (wanted: RegExp | string) => output.prints(wanted, 40_000), output: () => output.all }
  }
  return {
    ...project,
    /** Starts Vitest. */
    run: (...args: readonly string[]) => started(project.start(args)),
    /** Starts our command line. */
    cli: (...args: readonly string[]) =>
      started(
        execa(process.execPath, [main, ...args], { cwd: project.folder, all: true, reject: false, stdin: 'ignore' }),
      ),
    go: () => project.write('go', ''),
    marks: () => project.journal().flatMap(({ data }) => data ?? []),
    events: () => project.journal().map(({ event }) => event),
  }
}

/** No two sessions of one board at the same time. */
function expectTurns(bench: Awaited<ReturnType<typeof createBench>>): void {
  // One whose exporter was killed has no end.
  const sessions = sessionsOf(bench.journal()).filter(({ end }) => end < Infinity)
  for (const session of sessions) {
    const others = sessions.filter((other) => other !== session && other.exporter === session.exporter)
    expect(others.filter((other) => other.start < session.end && session.start < other.end)).toEqual([])
  }
}

test('a second run waits for the board, says for whom, and goes on', async () => {
  await using bench = await createBench({ 'a.test.ts': keeps('a'), 'b.test.ts': keeps('b') })
  const first = bench.run('run', 'a.test.ts')
  await expect.poll(bench.marks, { timeout: 30_000 }).toEqual(['a'])
  const second = bench.run('run', 'b.test.ts')
  await second.prints('b.test.ts waits: exporter one is held by')
  expect(second.output()).toMatch(holder('vitest run a.test.ts', first.process.pid, 'a.test.ts'))
  expect(bench.marks()).toEqual(['a'])
  bench.go()
  const ends = await Promise.all([first.process, second.process])
  expect(ends.map(({ exitCode }) => exitCode)).toEqual([0, 0])
  expect(bench.marks()).toEqual(['a', 'b'])
  expectTurns(bench)
})

test('a second run waits for an exporter that listens, says for whom, and goes on', async () => {
  await using bench = await createBench({ 'a.test.ts': keeps('a'), 'b.test.ts': keeps('b') })
  const exporter = bench.cli('run', '--exporter-config', 'one.yaml', '--listen', '127.0.0.1:0', '--insecure')
  await exporter.prints(/JUMPSTARTER_HOST=\S+\n/)
  const host = /JUMPSTARTER_HOST=(\S+)/.exec(exporter.output())?.[1]
  bench.write('vitest.config.js', config({ exporters: { lab: { host, insecure: true } } }))
  const first = bench.run('run', 'a.test.ts')
  await expect.poll(bench.marks, { timeout: 30_000 }).toEqual(['a'])
  const second = bench.run('run', 'b.test.ts')
  await second.prints('b.test.ts waits: exporter lab is held by')
  const command = `vitest run a.test.ts \\(process ${first.process.pid} on ${hostname()}\\) for /.*a.test.ts, since`
  expect(second.output()).toMatch(new RegExp(command))
  expect(bench.marks()).toEqual(['a'])
  bench.go()
  const ends = await Promise.all([first.process, second.process])
  expect(ends.map(({ exitCode }) => exitCode)).toEqual([0, 0])
  expect(bench.marks()).toEqual(['a', 'b'])
  exporter.process.kill('SIGINT')
  await exporter.process
})

test('a run that is killed leaves the board safe, and another one has it soon', async () => {
  await using bench = await createBench({ 'a.test.ts': keeps('a'), 'b.test.ts': keeps('b') })
  const first = bench.run('run', 'a.test.ts')
  await expect.poll(bench.marks, { timeout: 30_000 }).toEqual(['a'])
  const shell = bench.cli('shell', '--exporter-config', 'one.yaml', '--', 'echo', 'has it')
  await shell.prints(holder('waiting: local is held by vitest run a.test.ts', first.process.pid, 'a.test.ts'))
  first.process.kill('SIGKILL')
  expect(await shell.process).toMatchObject({ exitCode: 0, stdout: 'has it' })
  expect(bench.events()).toEqual(['start', 'mark', 'relax', 'end', 'start', 'relax', 'end'])
  expectTurns(bench)
})

test('an exporter that dies in two files is taken out, and other boards go on', async () => {
  await using bench = await createBench(
    { 'b.test.ts': projectFile('two-runs/dying/a.test.ts') },
    { exporters: { one: 'one.yaml', two: 'two.yaml' } },
    'two-runs/dying',
  )
  const { code, output } = await bench.vitest(['run', '--maxWorkers=1', '--sequence.seed=1'])
  expect(code, output).toBe(1)
  expect(output).toMatch(/exporter one has failed, and gets one more chance: Exporter one .* ended: SIGKILL/)
  expect(output).toMatch(/exporter one has failed twice, and is taken out of this run: Exporter one .* ended: SIGKILL/)
  expect(bench.marks()).toEqual(expect.arrayContaining(['dies', 'dies', 'd', 'e']))
  const one = bench.journal().filter(({ exporter }) => exporter === 'one')
  const relaxed = one.filter(({ event }) => event === 'relax').length
  expect(relaxed, 'made safe after each death, and after each lease').toBe(bench.marks().includes('c') ? 3 : 2)
  expectTurns(bench)
})

describe('watch mode', () => {
  test('a watch keeps the board between reruns, and for a while', async () => {
    const options = { idleTimeoutMs: 10_000 }
    await using bench = await createBench({ 'a.test.ts': keeps('a'), go: '' }, options)
    const watch = bench.run('--watch')
    await watch.prints('Waiting for file changes')
    const shell = bench.cli('shell', '--exporter-config', 'one.yaml', '--', 'date', '+%s%3N')
    await shell.prints(holder('waiting: local is held by vitest --watch', watch.process.pid, 'a.test.ts'))
    bench.write('a.test.ts', keeps('again'))
    await expect.poll(bench.marks, { timeout: 30_000 }).toEqual(['a', 'again'])
    const { exitCode, stdout } = await shell.process
    expect(exitCode).toBe(0)
    const [, last] = sessionsOf(bench.journal())
    expect(last?.files).toEqual(['again'])
    const waited = Number(stdout) - (last?.end ?? 0)
    console.log(`kept for ${waited} ms`)
    expect(waited).toBeGreaterThan(9_500)
    // The watch has it again when it needs it.
    bench.write('a.test.ts', keeps('later'))
    await expect.poll(bench.marks, { timeout: 30_000 }).toEqual(['a', 'again', 'later'])
    watch.process.kill('SIGTERM')
    await watch.process
    expectTurns(bench)
  })
})

describe('shell and run', () => {
  test('a shell that waits ends with Ctrl-C, and leaves the board to others', async () => {
    await using bench = await createBench({ 'a.test.ts': keeps('a') })
    const server = bench.cli('run', '--exporter-config', 'one.yaml')
    await server.prints('exporter one is ready')
    const shell = bench.cli('shell', '--exporter-config', 'one.yaml', '--', 'echo', 'has it')
    await shell.prints(
      holder('waiting: local is held by vitest-hardware run --exporter-config one.yaml', server.process.pid),
    )
    shell.process.kill('SIGINT')
    const { signal, exitCode, stdout } = await shell.process
    expect({ end: signal ?? exitCode, stdout }).toEqual({ end: 'SIGINT', stdout: '' })
    const other = bench.cli('run', '--exporter-config', 'one.yaml')
    await other.prints(/waiting: one\.yaml is held by vitest-hardware run/)
    other.process.kill('SIGINT')
    expect(await other.process).toMatchObject({ exitCode: 130 })
    server.process.kill('SIGINT')
    await server.process
    bench.go()
    const run = await bench.vitest(['run'])
    expect(run.code, run.output).toBe(0)
    expectTurns(bench)
  })

  test('a run gets the board when the one that serves it is killed, and it is made safe first', async () => {
    await using bench = await createBench({ 'a.test.ts': keeps('a') })
    const server = bench.cli('run', '--exporter-config', 'one.yaml')
    await server.prints('exporter one is ready')
    const run = bench.run('run')
    await run.prints(holder('a.test.ts waits: exporter one is held by vitest-hardware run', server.process.pid))
    bench.go()
    server.process.kill('SIGKILL')
    expect(await run.process).toMatchObject({ exitCode: 0 })
    expect(bench.events()).toEqual(['start', 'start', 'relax', 'end', 'start', 'mark', 'relax', 'end'])
  })
})

describe('boards of one kind', () => {
  const flaky = { 'flaky.ts': projectFile('two-runs/flaky.ts') }
  const flakyYaml = (name: string, once: boolean) =>
    boardYaml(name, { kind: 'uno' }, { once }).replace('board.ts#BoardDriver', 'flaky.ts#Flaky')

  test('one that does not open once is tried again', async () => {
    await using bench = await createBench({
      ...flaky,
      'one.yaml': flakyYaml('one', true),
      'broken-one': '',
      go: '',
      'a.test.ts': keeps('a'),
    })
    const { code, output } = await bench.vitest(['run'])
    expect(code, output).toBe(0)
    expect(output).toMatch(/exporter one has failed, and gets one more chance: .*no answer from the board/)
  })

  test('one that does not open is replaced by another one', async () => {
    await using bench = await createBench(
      {
        ...flaky,
        'one.yaml': flakyYaml('one', false),
        'two.yaml': flakyYaml('two', false),
        'broken-one': '',
        go: '',
        'a.test.ts': keeps('a'),
        'b.test.ts': keeps('b'),
      },
      { exporters: { one: 'one.yaml', two: 'two.yaml' } },
    )
    const { code, output } = await bench.vitest(['run', '--maxWorkers=1'])
    expect(code, output).toBe(0)
    const used = sessionsOf(bench.journal()).filter(({ files }) => files.length > 0)
    expect(used.map(({ exporter }) => exporter)).toEqual(['two', 'two'])
  })

  test('two runs use different ones at the same time', async () => {
    const exporters = { exporters: { one: 'one.yaml', two: 'two.yaml' } }
    await using bench = await createBench({ 'a.test.ts': keeps('a'), 'b.test.ts': keeps('b') }, exporters)
    const runs = [bench.run('run', 'a.test.ts'), bench.run('run', 'b.test.ts')]
    await expect.poll(() => bench.marks().toSorted(), { timeout: 30_000 }).toEqual(['a', 'b'])
    bench.go()
    for (const { exitCode } of await Promise.all(runs.map(({ process }) => process))) expect(exitCode).toBe(0)
    expect(
      sessionsOf(bench.journal())
        .map(({ exporter }) => exporter)
        .toSorted(),
    ).toEqual(['one', 'two'])
  })

  test('one file under two names is one device, and no file gets both', async () => {
    await using bench = await createBench(
      { 'same.test.ts': projectFile('two-runs/same.test.ts') },
      { exporters: { one: 'one.yaml', same: './one.yaml' } },
    )
    const { code, output } = await bench.vitest(['run'])
    expect(code, output).toBe(1)
    expect(output).toContain('it and one are the same device (one file, or one `lock`)')
    expect(bench.marks()).toEqual([])
  })
})

describe('crossed needs', () => {
  test('of two runs, several times', async () => {
    const files = Object.fromEntries(
      ['a', 'b'].flatMap((name) => {
        const content = projectFile(`two-runs/crossed-${name}.test.ts`)
        return [1, 2, 3].map((n) => [`${name}${n}.test.ts`, content])
      }),
    )
    const exporters = { exporters: { one: 'one.yaml', two: 'two.yaml' } }
    await using bench = await createBench(files, exporters)
    const rounds = async (name: string) => {
      for (let round = 0; round < 3; round++) {
        const { exitCode, all } = await bench.run('run', name).process
        expect(exitCode, all).toBe(0)
      }
    }
    await Promise.all([rounds('a'), rounds('b')])
    expect(bench.marks()).toHaveLength(2 * 3 * 2 * 3)
    expectTurns(bench)
  })
})
