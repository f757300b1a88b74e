import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { SerialPort } from 'serialport'
import { expect, test } from 'vitest'

import type { ErrorOrigin } from '../../src/errors.ts'
import { createCertificates } from '../support/certificates.ts'
import { startLab } from '../support/controller/lab.ts'
import { writeDocumentTable } from '../support/document-table.ts'
import { createProject, testedVitest } from '../support/project.ts'
import { createPtyPair } from '../support/pty-pair.ts'
import { serveExporter } from '../support/served-exporter.ts'
import { needsCommand } from '../support/system-part.ts'
import { startTcpRelay } from '../support/tcp-relay.ts'
import { linkDelayMs, seededFaults } from './support/seeded-faults.ts'

/** The first error of a test, or of a file that could not be read. */
interface Result {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly origin?: string
  readonly hardware?: { readonly code?: string; readonly origin?: string; readonly step?: string }
}

const origins: readonly ErrorOrigin[] = ['test', 'firmware', 'board', 'lab', 'wire', 'plugin']

/** The command that writes the tables of docs/errors.md. */
const command = 'npx vitest run --project e2e test/e2e/origins.test.ts'

/** The passphrase of the exporter that the run has another one for. */
const passphrase = 'open sesame'

test('every seeded fault is the fault of the party that made it, and its error names the culprit', async ({ skip }) => {
  needsCommand('openssl', skip)
  needsCommand('socat', skip)
  await using certificates = await createCertificates()
  await using busy = await createPtyPair()
  await using pulled = await createPtyPair()
  const [lab, project] = await Promise.all([
    startLab({ certificates, ours: { member: { fleet: 'yes' } } }),
    createProject({}, 'blame', 'origins'),
  ])
  await using _ = project
  for (const [name, { port }] of Object.entries({ busy, pulled })) {
    project.write(`${name}.yaml`, readFileSync(join(project.folder, `${name}.yaml`), 'utf8').replace('./port', port))
  }
  const other = new SerialPort({ path: busy.port, baudRate: 9_600 })
  await once(other, 'open')
  // An exporter file is served by one process at a time.
  const away = readFileSync(join(project.folder, 'away.yaml'), 'utf8')
  for (const name of ['guarded', 'far', 'cut'])
    project.write(`away-${name}.yaml`, away.replace('name: away', `name: ${name}`))
  const [guarded, far, cut] = await Promise.all([
    serveExporter(project.folder, 'away-guarded.yaml', ['--insecure', '--passphrase', passphrase]),
    serveExporter(project.folder, 'away-far.yaml'),
    serveExporter(project.folder, 'away-cut.yaml'),
  ])
  await using stack = new AsyncDisposableStack()
  for (const exporter of [guarded, far, cut]) stack.use(exporter)
  const slow = stack.use(await startTcpRelay(far.port, { delayMs: linkDelayMs }))
  const link = stack.use(await startTcpRelay(cut.port))
  const control = createServer((request, response) => {
    const actions: Readonly<Record<string, () => unknown>> = {
      cut: link.cut,
      unplug: pulled.unplug,
      router: () => void lab.router.goDown(2_000),
      'end lease': () => {
        const lease = [...lab.state.leases.values()].find(({ end }) => end === undefined)
        if (lease !== undefined) lab.state.release(lease)
      },
    }
    const action = decodeURIComponent(request.url?.slice(1) ?? '')
    void Promise.resolve(actions[action]?.()).finally(() => response.end())
  })
  control.listen(0, '127.0.0.1')
  await once(control, 'listening')
  stack.defer(() => void control.close())
  const address = control.address()
  const CONTROL = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`

  const files = [
    'steady',
    'dead',
    'sagging',
    'stuck',
    'adapter',
    'meter',
    'doomed',
    'faulty',
    'panics',
    'busy',
    'pulled',
    'hooked',
    'mistaken',
  ]
  const hosts = {
    guarded: { host: guarded.host, insecure: true, passphrase: 'wrong', labels: { bench: 'guarded' } },
    far: { host: slow.host, insecure: true, labels: { bench: 'far' } },
    cut: { host: link.host, insecure: true, labels: { bench: 'cut' } },
  }
  const exporters = { ...Object.fromEntries(files.map((name) => [name, `${name}.yaml`])), ...hosts }
  const plugins = (options: object) => `plugins: [hardware(${JSON.stringify(options)})]`
  project.write(
    'vitest.config.js',
    `
import { defineConfig } from 'vitest/config'
import { hardware } from 'vitest-hardware/plugin'
const ofFleet = ['fleet.test.ts', 'nowhere.test.ts']
export default defineConfig({ test: { reporters: ['default', './results.js'], projects: [
  { ${plugins({ exporters })}, test: { name: 'bench', include: ['*.test.ts'], exclude: [...ofFleet, 'bare.test.ts'] } },
  { ${plugins({ controller: { clientConfig: lab.clientFile } })}, test: { name: 'fleet', include: ofFleet } },
  { test: { name: 'bare', include: ['bare.test.ts'] } },
] } })
`,
  )
  const { exitCode, all: output } = await project.start(['run'], { CONTROL }, { timeout: 110_000 })
  expect(exitCode, output).toBe(1)
  await new Promise<void>((resolve) => other.close(() => resolve()))

  const results = JSON.parse(readFileSync(join(project.folder, 'results.json'), 'utf8')) as readonly Result[]
  const found = new Map(results.map((result) => [result.name, result]))
  expect([...found.keys()].toSorted(), output).toEqual(Object.keys(seededFaults).toSorted())
  const reported = new Map<string, string>()
  for (const [fault, { origin, code, culprit, step }] of Object.entries(seededFaults)) {
    const { hardware, message = '', ...error }: Partial<Result> = found.get(fault) ?? {}
    const party = hardware?.origin ?? error.origin ?? 'none'
    reported.set(fault, party)
    expect.soft(party, `${fault}: ${message}`).toBe(origin)
    expect.soft(code ?? hardware?.code ?? error.code, fault).toBe(hardware?.code ?? error.code)
    expect.soft(hardware?.step, fault).toBe(step)
    expect.soft(message, fault).toMatch(culprit)
  }
  if (testedVitest === '5') writeDocumentTable('errors.md', command, tablesOf(reported))
})

/** The numbers of faults by the party that made them and the one that was reported, and the faults themselves. */
function tablesOf(reported: ReadonlyMap<string, string>): string {
  const all = Object.entries(seededFaults).map(([fault, facts]) => ({ ...facts, fault, party: reported.get(fault) }))
  const counts = origins.map((made) => {
    const cells = origins.map((told) => all.filter(({ origin, party }) => origin === made && party === told).length)
    return `| ${[made, ...cells].join(' | ')} |`
  })
  const rows = all.map(({ fault, party, code = '', step }) => {
    return `| ${[fault, party, code, step === undefined ? '' : `\`${step.replaceAll('|', '\\|')}\``].join(' | ')} |`
  })
  return [
    `| made by | ${origins.join(' | ')} |`,
    `|---|${origins.map(() => '--:|').join('')}`,
    ...counts,
    '',
    '| fault | reported origin | code | last step |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n')
}
