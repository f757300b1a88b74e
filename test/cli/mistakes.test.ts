import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

import { createCliFolder } from '../support/cli.ts'

const cli = await createCliFolder()
afterAll(() => cli[Symbol.asyncDispose]())

const timeout = 60_000

/** The error of a command that has to fail, without its label. */
async function mistakeOf(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { code, stderr } = await cli.run(args, { env })
  expect(code, stderr).toBeGreaterThan(0)
  expect(stderr).not.toContain('    at ')
  return stderr.replace(/^error: /, '')
}

test('a file says where its path begins, and where it is empty or double', { timeout }, async () => {
  const head = 'apiVersion: jumpstarter.dev/v1alpha1\nkind: ExporterConfig\nmetadata: { name: desk }\n'
  cli.write('empty.yaml', '# nothing yet\n')
  cli.write('double.yaml', `${head}---\n${head}`)
  cli.write('driver.yaml', `${head}export: { psu: { type: './psu.ts#Psu' } }\n`)
  const [missing, empty, double, driver] = await Promise.all(
    ['missing', 'empty', 'double', 'driver'].map((name) => mistakeOf(['run', '--exporter-config', `${name}.yaml`])),
  )
  expect(missing).toContain(`Cannot read missing.yaml (in ${cli.folder}): ENOENT`)
  expect(empty).toContain('the file is empty; it has to be a mapping')
  expect(double).toContain('double.yaml:4:1: a second document begins; write it into another file')
  expect(driver).toContain(
    `there is no file ${join(cli.folder, 'psu.ts')}; the path is relative to the exporter's file`,
  )
})

test('a device that is missing is told once', { timeout }, async () => {
  const head = 'apiVersion: jumpstarter.dev/v1alpha1\nkind: ExporterConfig\nmetadata: { name: desk }\n'
  const config = '{ url: /dev/ttyNOWHERE }'
  cli.write(
    'gone.yaml',
    `${head}export: { tty: { type: jumpstarter_driver_pyserial.driver.PySerial, config: ${config} } }\n`,
  )
  for (const command of [['run'], ['shell', '--', 'true']]) {
    const [verb = '', ...rest] = command
    const mistake = await mistakeOf([verb, '--exporter-config', 'gone.yaml', ...rest])
    expect(mistake).toMatch(/^The serial port \/dev\/ttyNOWHERE is not there\. [^\n]*$/)
    expect(mistake.split('/dev/ttyNOWHERE')).toHaveLength(2)
  }
})

test('an old Node.js is told in one line', { timeout }, async () => {
  const old = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.17.1' } })"
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(old)}` }
  const { code, stdout, stderr } = await cli.run(['--version'], { env })
  expect({ code, stdout, stderr }).toEqual({
    code: 2,
    stdout: '',
    stderr: 'error: vitest-hardware needs Node.js 22.18 or later; this is 22.17.1',
  })
})

test('a folder for temporary files that cannot be used is named', { timeout }, async () => {
  const gone = join(cli.folder, 'gone')
  const locked = join(cli.folder, 'locked')
  mkdirSync(locked)
  chmodSync(locked, 0o500)
  const file = cli.exporter('desk')
  const commands = [['run'], ['shell', '--', 'true']].map(([command = '', ...rest]) => [
    command,
    '--exporter-config',
    file,
    ...rest,
  ])
  // Root may write into any folder.
  const folders = process.getuid?.() === 0 ? [gone] : [gone, locked]
  for (const folder of folders) {
    for (const command of commands) {
      const mistake = await mistakeOf(command, { TMPDIR: folder })
      expect(mistake).toContain(`Cannot make a folder in ${folder}, the folder for temporary files (TMPDIR): `)
    }
  }
})

test('an address is a socket, or HOST:PORT', { timeout }, async () => {
  const [url, name] = await Promise.all(
    ['grpc://bench.example:1234', 'bench.example'].map((host) => mistakeOf(['call', 'power.on', '--host', host])),
  )
  expect(url).toContain("is 'grpc://bench.example:1234', a URL; give HOST:PORT, or the path of a socket")
  expect(name).toContain(`there is no socket bench.example (in ${cli.folder}); the address of a machine is HOST:PORT`)
})

test('a wrong passphrase names the option and the variable', { timeout }, async () => {
  await using listening = cli.start([
    'run',
    '--exporter-config',
    cli.exporter('tcp'),
    '--listen',
    '0',
    '--insecure',
    '--passphrase',
    'open sesame',
  ])
  const host = await listening.prints(/^JUMPSTARTER_HOST=(.+)\n/m)
  const mistake = await mistakeOf(['call', 'power.on', '--host', host, '--insecure', '--passphrase', 'sesame'])
  expect(mistake).toContain('invalid or missing passphrase. Give the passphrase of 127.0.0.1:')
  expect(mistake).toContain('--passphrase-file of the command line, or JMP_GRPC_PASSPHRASE in the environment')
  expect(mistake).not.toContain('open sesame')
})
