import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** The files that the script reads or changes, and those that the tests of a driver need. */
const copied = [
  '.oxfmtrc.json',
  'README.md',
  'docs/drivers.md',
  'package.json',
  'vitest.config.ts',
  'scripts',
  'src',
  'test/catalog.test.ts',
  'test/support/document-table.ts',
]
let copy: string

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'new-driver-'))
  for (const path of copied) cpSync(join(root, path), join(copy, path), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
})
afterAll(() => rmSync(copy, { recursive: true }))

function run(...args: readonly string[]) {
  return spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } })
}
const newDriver = (...args: readonly string[]) => run('scripts/new-driver.ts', ...args)
const read = (path: string) => readFileSync(join(copy, path), 'utf8')

test.each([
  [['UsbHub'], "'UsbHub' is not in kebab-case"],
  [['usb_hub'], "'usb_hub' is not in kebab-case"],
  [['../usb'], "'../usb' is not in kebab-case"],
  [['power'], 'The name power is taken: src/interfaces/power.ts is there'],
  [['driver'], 'The name driver is taken: src/clients/index.ts has DriverClient'],
  [['edge'], 'The name edge is taken: src/interfaces/index.ts has Edge'],
  [['promise'], 'JavaScript has a Promise'],
  [[], 'Give one name.'],
  [['usb', 'hub'], 'Give one name.'],
  [['--nmae', 'usb'], "Unknown option '--nmae'"],
])('%j is refused, and nothing is written', (args, message) => {
  const index = read('src/interfaces/index.ts')
  const { status, stdout, stderr } = newDriver(...args)
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toContain(message)
  expect(stderr).not.toMatch(/^\s+at /m)
  expect(read('src/interfaces/index.ts')).toBe(index)
  expect(existsSync(join(copy, 'src/interfaces/usb.ts'))).toBe(false)
})

test('--help says how to use it', () => {
  const { status, stdout } = newDriver('--help')
  expect(status).toBe(0)
  expect(stdout).toMatch(/^Usage: npm run new-driver -- NAME\n/)
})

test('a new driver passes its test and the catalog, in the format of the repository', { timeout: 60_000 }, () => {
  const { status, stdout, stderr } = newDriver('usb-hub')
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const written = [
    'src/interfaces/usb-hub.ts',
    'src/drivers/usb-hub/usb-hub-driver.ts',
    'src/clients/drivers/usb-hub-client.ts',
    'test/drivers/usb-hub.test.ts',
    'test/conformance/usb-hub.test.ts',
  ]
  for (const file of written) expect(stdout).toContain(file)
  expect(read('src/clients/index.ts')).toMatch(
    /tftp-server-client\.ts'\nexport \{ UsbHubClient \} from .*\n.*virtual-power/,
  )
  expect(read('README.md')).toMatch(
    /^\| `vitest-hardware\/drivers#UsbHubDriver` \| A simulated usb-hub, .* \| `level` \|$/m,
  )
  const format = run('node_modules/oxfmt/bin/oxfmt', '--check', 'src', 'test')
  expect(format.status, format.stdout).toBe(0)
  const files = ['test/drivers/usb-hub.test.ts', 'test/catalog.test.ts']
  const tests = run('node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', '--no-color', ...files)
  expect(tests.status, `${tests.stdout}${tests.stderr}`).toBe(0)
  expect(tests.stdout).toMatch(/Test Files +2 passed/)
  const conformance = ['run', '--project', 'conformance', '--no-color', 'test/conformance/usb-hub.test.ts']
  const real = run('node_modules/vitest/vitest.mjs', ...conformance)
  expect(real.status, `${real.stdout}${real.stderr}`).toBe(0)
  expect(real.stdout).toMatch(/Test Files +1 passed/)
  expect(newDriver('usb-hub').stderr).toBe(
    'The name usb-hub is taken: src/interfaces/usb-hub.ts is there. Choose another name.\n',
  )
})
