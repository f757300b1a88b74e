import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'

const repository = fileURLToPath(new URL('../../', import.meta.url))
const example = join(repository, 'examples/microcontroller')

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
