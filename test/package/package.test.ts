import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonTestResults } from 'vitest/node'

const repository = fileURLToPath(new URL('../../', import.meta.url))
const example = join(repository, 'examples/microcontroller')
/** A driver of a user, with its test. */
const project = fileURLToPath(new URL('project', import.meta.url))

/** As users have it: the packed package, installed in a folder of another project, with a space in its name. */
let folder: string
let packed: string[]

beforeAll(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'package-')), 'a user project')
  await mkdir(folder)
  const { stdout } = await execa('npm', ['pack', '--json', '--pack-destination', folder], { cwd: repository })
  const [report] = Object.values(JSON.parse(stdout) as object) as [{ filename: string; files: { path: string }[] }]
  packed = report.files.map(({ path }) => path)

  for (const part of ['test', 'firmware', 'uno.yaml', 'vitest.config.ts']) {
    await cp(join(example, part), join(folder, part), { recursive: true })
  }
  const manifest = JSON.parse(await readFile(join(example, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
    devDependencies: Record<string, string>
  }
  manifest.dependencies['vitest-hardware'] = `file:${report.filename}`
  manifest.devDependencies['typescript'] = '7.0.2'
  manifest.devDependencies['@types/node'] = '24.19.2'
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        target: 'ES2023',
        module: 'nodenext',
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        types: ['node'],
      },
      include: ['test', '*.ts'],
    }),
  )
  await execa('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: folder })
})

afterAll(() => rm(dirname(folder), { recursive: true, force: true }))

/** Without what the run of this test itself has set. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')))

test('holds what it needs and nothing else', () => {
  expect(packed).toContain('dist/cli/main.js')
  expect(packed).toContain('LICENSE')
  expect(
    packed.filter(
      (path) => !/^(dist\/.*\.(js|d\.ts|js\.map)|package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(path),
    ),
  ).toEqual([])
})

test('the microcontroller example runs', async () => {
  const { all } = await execa(process.execPath, ['node_modules/vitest/vitest.mjs', 'run'], {
    cwd: folder,
    env: { ...env, NO_COLOR: '1' },
    extendEnv: false,
    all: true,
  })
  expect(all).toMatch(/Tests\s+6 passed \(6\)/)
})

test('the microcontroller example type-checks, declarations of the package included', async () => {
  const { all } = await execa('npx', ['tsc', '--skipLibCheck', 'false'], { cwd: folder, all: true, reject: false })
  const ours = (all ?? '')
    .split('\n')
    .filter((line) => !/node_modules\/(?!vitest-hardware)/.test(line) && line.includes('error'))
  expect(ours).toEqual([])
})

test('a driver of a user is tested by the conformance suite, and a broken one fails with clear messages', async () => {
  const psu = join(folder, 'psu')
  await cp(project, psu, { recursive: true })
  const tsconfig = {
    extends: '../tsconfig.json',
    compilerOptions: { allowImportingTsExtensions: true },
    include: ['*.ts'],
  }
  await writeFile(join(psu, 'tsconfig.json'), JSON.stringify(tsconfig))
  const types = await execa('npx', ['tsc', '-p', 'psu'], { cwd: folder, all: true, reject: false })
  expect(types.all).toBe('')

  const args = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--root',
    'psu',
    '--reporter',
    'json',
    '--outputFile',
    'results.json',
  ]
  await execa(process.execPath, args, { cwd: folder, env, extendEnv: false, reject: false })
  const { testResults } = JSON.parse(await readFile(join(psu, 'results.json'), 'utf8')) as JsonTestResults
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults)
  const failuresOf = (driver: string) =>
    tests
      .filter(({ ancestorTitles, status }) => ancestorTitles[0] === `${driver} (power)` && status !== 'passed')
      .map(({ title, failureMessages }) => [title, failureMessages?.[0]?.split('\n')[0]])
  expect(tests).toHaveLength(20)
  expect(failuresOf('Psu')).toEqual([])
  expect(failuresOf('BrokenPsu')).toEqual([
    [
      'switches on and off, also twice',
      expect.stringContaining('the real part is on after on, on, off: expected true to be false'),
    ],
    ['measures volts and amperes', expect.stringContaining('a measurement: expected { voltage: null, current: 250 }')],
    [
      'serves one session after another, and leaves nothing open behind',
      expect.stringMatching(/open after the end of a session with a power driver: expected \[ '\d Timeout' \]/),
    ],
    [
      'blames the board or the lab while the real part is away, and comes back',
      expect.stringContaining('a use without the real part has to fail with the origin board or lab; it succeeded'),
    ],
  ])
})

test('the command line answers', async () => {
  const help = await execa('npx', ['vitest-hardware', '--help'], { cwd: folder })
  expect(help.stdout).toContain('vitest-hardware')
  const { version } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as { version: string }
  expect((await execa('npx', ['vitest-hardware', '--version'], { cwd: folder })).stdout).toBe(version)
  const wrong = await execa('npx', ['vitest-hardware', 'run', '--exporter-config', 'nowhere.yaml'], {
    cwd: folder,
    reject: false,
  })
  expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('Cannot read nowhere.yaml') })
})

test('every entry can be imported', async () => {
  const entries = (await readdir(join(folder, 'node_modules/vitest-hardware/dist'))).filter(
    (name) => !name.includes('.'),
  )
  expect(entries).toContain('runtime')
  const script = ['', '/plugin', '/drivers', '/clients', '/clients/can', '/interfaces', '/interfaces/obd', '/runtime']
    .map((path) => `await import('vitest-hardware${path}')`)
    .join('\n')
  await execa(process.execPath, ['--input-type=module', '-e', script], { cwd: folder })
})
