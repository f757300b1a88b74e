import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'

import { createCertificates } from '../support/certificates.ts'
import { createCliFolder } from '../support/cli.ts'
import { serveLab } from '../support/controller/serve-lab.ts'

const timeout = 60_000
const driver = fileURLToPath(new URL('../support/drivers/psu.ts', import.meta.url))
let cli: Awaited<ReturnType<typeof createCliFolder>>
let file: string

beforeAll(async () => {
  cli = await createCliFolder()
  const config = {
    apiVersion: 'jumpstarter.dev/v1alpha1',
    kind: 'ExporterConfig',
    metadata: { namespace: 'default', name: 'psu' },
    export: { psu: { type: `${driver}#Psu` } },
  }
  file = cli.write('psu.yaml', JSON.stringify(config))
})
afterAll(() => cli[Symbol.asyncDispose]())

const lines = (text: string) =>
  Array.from(text.matchAll(/^(\w+): \[driver\.Psu\] \w+ (\w+)$/gm), ([, level, said]) => `${level} ${said}`)

test(
  'call and run show the lines of a call from warnings up, each once; --log shows the whole log',
  { timeout },
  async () => {
    await using exporter = cli.start(['run', '--exporter-config', file])
    const host = await exporter.prints(/^JUMPSTARTER_HOST=(.+)\n/m)
    expect(lines((await cli.run(['call', '--host', host, 'psu.say', 'one'])).stderr)).toEqual([
      'warning one',
      'error one',
    ])
    const quiet = await cli.run(['call', '--host', host, 'psu.say', 'two'], { env: { VITEST_HARDWARE_LOG: 'error' } })
    expect(lines(quiet.stderr)).toEqual(['error two'])
    const whole = await cli.run(['call', '--host', host, '--log', 'psu.say', 'three'])
    expect(lines(whole.stderr)).toEqual(
      ['one', 'two', 'three'].flatMap((said) =>
        ['debug', 'info', 'warning', 'error'].map((level) => `${level} ${said}`),
      ),
    )
    exporter.child.kill('SIGTERM')
    await exporter.child
    expect(lines(exporter.output.stderr)).toEqual(
      ['one', 'two', 'three'].flatMap((said) => [`warning ${said}`, `error ${said}`]),
    )
  },
)

test('a shell shows them, and its commands do not show them again', { timeout }, async () => {
  const call = [process.execPath, cli.mainFile, 'call', 'psu.say', 'one']
  const shell = ['shell', '--exporter-config', file]
  expect(lines((await cli.run([...shell, '--', ...call])).stderr)).toEqual(['warning one', 'error one'])
  const whole = await cli.run([...shell, '--log', '--', ...call])
  expect(lines(whole.stderr)).toEqual(['debug one', 'info one', 'warning one', 'error one'])
})

test('a shell with a lease of a controller shows them, too', { timeout }, async () => {
  const certificates = await createCertificates()
  onTestFinished(() => certificates.remove())
  const { clientFile } = await serveLab(certificates, ['psu'], {}, { export: { psu: { type: `${driver}#Psu` } } })
  const call = [process.execPath, cli.mainFile, 'call', 'psu.say', 'one']
  const shell = ['shell', '--client-config', clientFile, '-l', 'board=uno']
  expect(lines((await cli.run([...shell, '--', ...call])).stderr)).toEqual(['warning one', 'error one'])
  const whole = await cli.run([...shell, '--log', '--', ...call])
  expect(lines(whole.stderr)).toEqual(['debug one', 'info one', 'warning one', 'error one'])
})

test('an unknown level is a mistake', { timeout }, async () => {
  const { code, stderr } = await cli.run(['run', '--exporter-config', file], { env: { VITEST_HARDWARE_LOG: 'loud' } })
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: "error: VITEST_HARDWARE_LOG is 'loud'; it has to be one of debug, info, warning, error, off",
  })
})
