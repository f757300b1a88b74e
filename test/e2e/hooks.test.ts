import { expect, test } from 'vitest'

import { createCertificates } from '../support/certificates.ts'
import { boardYaml, config, createProject, sessionsOf } from '../support/project.ts'
import { serveExporter } from '../support/served-exporter.ts'
import { needsCommand } from '../support/system-part.ts'

const hooked = (name: string, hooks: object) =>
  JSON.stringify({ ...(JSON.parse(boardYaml(name, { board: name })) as object), hooks })

test('hooks: what they print is shown, and their failures are those of the files that lease', async () => {
  const exporters = ['good', 'warned', 'refused', 'retired', 'stuck']
  const files = {
    'good.yaml': hooked('good', {
      beforeLease: { script: 'echo "flashing at $LEASE_NAME"' },
      afterLease: { script: 'echo "switching off"' },
    }),
    'warned.yaml': hooked('warned', { beforeLease: { script: 'echo no network; exit 6' } }),
    'refused.yaml': hooked('refused', {
      beforeLease: { script: 'echo no board found; exit 7', onFailure: 'endLease' },
    }),
    'retired.yaml': hooked('retired', { beforeLease: { script: 'exit 8', onFailure: 'exit' } }),
    'stuck.yaml': hooked('stuck', { afterLease: { script: 'echo relay stuck; exit 9', onFailure: 'endLease' } }),
    'vitest.config.js': config(
      { exporters: Object.fromEntries(exporters.map((name) => [name, `${name}.yaml`])) },
      { reporters: ['default', './codes.ts'] },
    ),
  }
  await using project = await createProject(files, 'hooks')
  const { code, output } = await project.vitest(['run', ...exporters])
  expect(code, output).toBe(1)
  for (const part of [
    '[good] beforeLease: flashing at standalone',
    '[good] afterLease: switching off',
    "[warned] warning: The exporter's beforeLease hook failed with exit code 6",
    "Exporter refused could not be leased: The exporter's beforeLease hook failed with exit code 7\n  | no board found",
    "Exporter retired could not be leased: The exporter's beforeLease hook failed with exit code 8",
    'Exporter retired could not be leased: Exporter retired is out of service: ',
    "The hardware could not be cleaned up: exporter stuck: The exporter's afterLease hook failed with exit code 9",
  ]) {
    expect(output).toContain(part)
  }
  expect(output.match(/the code is (\w+)/g)).toEqual(Array.from({ length: 3 }, () => 'the code is HOOK_FAILED'))
  const sessions = sessionsOf(project.journal())
  expect(sessions.every(({ end }) => end < Infinity)).toBe(true)
  const used = sessions.flatMap(({ files }) => files)
  expect(used.toSorted()).toEqual(['board=good', 'board=stuck', 'board=warned'])
})

test('exporters that run already: with TLS and a passphrase, and without TLS', async ({ skip }) => {
  needsCommand('openssl', skip)
  await using certificates = await createCertificates()
  const { ca, certFile, keyFile } = certificates
  const passphrase = 'open sesame'
  const files = {
    'lab.yaml': boardYaml('lab', { board: 'lab' }),
    'plain.yaml': boardYaml('plain', { board: 'plain' }),
    'ca.pem': ca,
  }
  await using project = await createProject(files, 'hooks')
  const withTls = ['--tls-cert', certFile, '--tls-key', keyFile, '--passphrase', passphrase]
  await using lab = await serveExporter(project.folder, 'lab.yaml', withTls)
  await using plain = await serveExporter(project.folder, 'plain.yaml', ['--insecure'])

  const right = { lab: { host: lab.host, ca: 'ca.pem', passphrase }, plain: { host: plain.host, insecure: true } }
  project.write('vitest.config.js', config({ exporters: right }))
  const good = await project.vitest(['run', 'lab', 'plain'])
  expect(good.code, good.output).toBe(0)
  expect(good.output).toMatch(/Tests\s+2 passed/)

  const wrong = { lab: { host: lab.host, ca: 'ca.pem' }, plain: { host: plain.host, ca: 'ca.pem' } }
  project.write('vitest.config.js', config({ exporters: wrong }))
  const bad = await project.vitest(['run', 'lab', 'plain'])
  expect(bad.code).toBe(1)
  expect(bad.output).toMatch(/exporter lab: GetReport: invalid or missing passphrase/)
  expect(bad.output).toMatch(/exporter plain: Cannot connect to .*it does not speak TLS; connect with insecure: true/)
  expect(good.output + bad.output).not.toContain(passphrase)
})
