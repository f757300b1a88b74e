import { EventEmitter, once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa, type Options } from 'execa'

const repository = new URL('../../', import.meta.url)
const source = (file: string) => JSON.stringify(fileURLToPath(new URL(`src/${file}`, repository)))

/** The command line, as the arguments of Node. */
const mainFile = fileURLToPath(new URL('src/cli/main.ts', repository))

/** A driver of no known interface, with the three kinds of methods; it writes down when it is reset and closed. */
const probe = `
import { appendFileSync } from 'node:fs'
import { Duplex } from 'node:stream'
import { byteStream, call, defineInterface, Driver, streaming } from ${source('index.ts')}

export class Probe extends Driver {
  static readonly interface = defineInterface({
    client: 'test.ProbeClient',
    methods: { echoBack: call(), fail: call(), hang: call(), countTo: streaming(), shout: byteStream(), drip: byteStream() },
  })
  readonly journal: string
  constructor({ journal }: { journal: string }) {
    super()
    this.journal = journal
  }
  reset() { this.note('reset') }
  close() { this.note('close') }
  note(event: string) { appendFileSync(this.journal, event + '\\n') }
  echoBack(...values: unknown[]) { return values }
  fail() { throw new RangeError('too hot') }
  hang() { this.note('hang'); return new Promise(() => {}) }
  async *countTo(last: number) {
    this.note('counting')
    for (let n = 1; n <= last; n++) yield { n }
  }
  shout() {
    return new Duplex({
      read() {},
      write(chunk, _encoding, done) { this.push(chunk.toString().toUpperCase()); done() },
      final(done) { this.push(null); done() },
    })
  }
  drip() {
    const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
    const timer = setInterval(() => stream.push('drop\\n'), 20)
    stream.on('close', () => { clearInterval(timer); this.note('drip closed') })
    return stream
  }
}
`

/** What goes into an exporter's file besides its drivers. */
export interface CliExporter {
  readonly labels?: Readonly<Record<string, string>>
  readonly hooks?: object
}

/** A folder with an exporter's file, and the command line in it. */
export async function createCliFolder() {
  const cache = fileURLToPath(new URL('.cache/', repository))
  mkdirSync(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'cli-'))
  const write = (name: string, content: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  write('package.json', '{ "type": "module" }')
  write('probe.ts', probe)
  mkdirSync(join(folder, 'tmp'))
  return {
    folder,
    write,
    /** Writes an exporter's file, with a power switch and the driver of the journal. @returns its path */
    exporter: (name: string, { labels = {}, hooks }: CliExporter = {}) =>
      write(
        `${name}.yaml`,
        JSON.stringify({
          apiVersion: 'jumpstarter.dev/v1alpha1',
          kind: 'ExporterConfig',
          metadata: { namespace: 'default', name },
          labels,
          ...(hooks === undefined ? {} : { hooks }),
          export: {
            power: { type: 'jumpstarter_driver_power.driver.MockPower' },
            bench: { children: { probe: { type: './probe.ts#Probe', config: { journal: join(folder, 'journal') } } } },
          },
        }),
      ),
    mainFile,
    /** Runs the command line to its end. */
    run: (args: readonly string[], options: CliOptions = {}) =>
      run(folder, process.execPath, [mainFile, ...args], options),
    /** Runs another command there. */
    command: (program: string, args: readonly string[], options: CliOptions = {}) =>
      run(folder, program, args, options),
    /** Starts the command line; the test ends it. */
    start: (args: readonly string[], options: CliOptions = {}) => startCli(folder, args, options),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

interface CliOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
}

async function run(folder: string, program: string, args: readonly string[], options: CliOptions) {
  const settings = { ...shared(folder, options), input: options.input ?? '', timeout: 60_000 }
  const { exitCode, stdout, stderr } = await execa(program, args, settings)
  return { code: exitCode, stdout, stderr }
}

function shared(folder: string, { env = {} }: CliOptions) {
  const own = Object.entries(process.env).filter(([name]) => !/^VITEST|^JMP_|^JUMPSTARTER/.test(name))
  return {
    cwd: folder,
    // Folders of its own for sockets, so that a test sees what is left of them.
    env: { ...Object.fromEntries(own), TMPDIR: join(folder, 'tmp'), ...env },
    extendEnv: false,
    reject: false,
  } satisfies Options
}

function startCli(folder: string, args: readonly string[], options: CliOptions) {
  const output = { stdout: '', stderr: '' }
  const child = execa(process.execPath, [mainFile, ...args], { ...shared(folder, options), buffer: false })
  const news = new EventEmitter()
  let ended = false
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => {
      output[name] += String(chunk)
      news.emit('change')
    })
  }
  void child.finally(() => {
    ended = true
    news.emit('change')
  })
  return {
    child,
    output,
    pid: child.pid ?? 0,
    /** Waits until what it prints matches. @returns the first group */
    async prints(pattern: RegExp): Promise<string> {
      const limit = AbortSignal.timeout(30_000)
      for (;;) {
        const all = output.stdout + output.stderr
        const found = pattern.exec(all)
        if (found !== null) return found[1] ?? ''
        if (ended) throw new Error(`it has ended, after printing ${JSON.stringify(all)} and not ${pattern}`)
        await once(news, 'change', { signal: limit }).catch(() => {
          throw new Error(`it has printed ${JSON.stringify(all)} and not ${pattern}`)
        })
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await child
    },
  }
}
