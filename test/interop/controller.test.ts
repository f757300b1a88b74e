import { join } from 'node:path'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { ExporterStatus } from '../../src/protocol/generated/jumpstarter/v1/common_pb.ts'
import { builtFile } from '../support/built.ts'
import { type Certificates, createCertificates } from '../support/certificates.ts'
import { startController } from '../support/controller/start.ts'
import { config, createProject } from '../support/project.ts'
import { ProcessOutput } from '../support/process-output.ts'
import { pythonProgram } from '../../scripts/python-environment.ts'
import { pythonEnvironmentVariables, pythonMissing } from './support/python.ts'

const missing = pythonMissing()
const timeout = 60_000
const main = builtFile('cli/main.js')

const startExporter = (file: string) =>
  execa(pythonProgram('jmp'), ['run', '--exporter-config', file], {
    env: pythonEnvironmentVariables(),
    extendEnv: false,
    reject: false,
    all: true,
  })

/** The test of the double: Jumpstarter's own exporter and client find in it what they expect of the real one. */
describe.skipIf(missing !== undefined)(
  `the double of controller and router, with Python${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    let certificates: Certificates
    let controller: Awaited<ReturnType<typeof startController>>
    let exporter: ReturnType<typeof startExporter>
    let clientFile: string

    beforeAll(async () => {
      certificates = await createCertificates()
      controller = await startController({
        certificates,
        clients: ['ci'],
        exporters: {
          one: { board: 'uno', set: 'six' },
          two: { board: 'mega', set: 'six' },
          three: { board: 'nano', set: 'six' },
          away: { board: 'away' },
        },
      })
      clientFile = join(certificates.folder, 'client.yaml')
      writeFileSync(clientFile, controller.clientConfig('ci'))
      const exporterFile = join(certificates.folder, 'exporter.yaml')
      const power = { type: 'jumpstarter_driver_power.driver.MockPower' }
      writeFileSync(exporterFile, controller.exporterConfig('one', { export: { power } }))
      exporter = startExporter(exporterFile)
      await vi.waitUntil(() => controller.state.exporters.get('one')?.streams === 1, { timeout })
    }, 2 * timeout)
    afterAll(async () => {
      exporter.kill('SIGTERM')
      await exporter
      await controller[Symbol.asyncDispose]()
      await certificates.remove()
    }, timeout)

    const jmp = (...args: string[]) =>
      execa(pythonProgram('jmp'), args, {
        env: { ...pythonEnvironmentVariables(), PATH: `${pythonProgram('')}:${process.env['PATH']}` },
        extendEnv: false,
        reject: false,
        all: true,
        stdin: 'ignore',
        timeout: 50_000,
      })

    test('a shell leases the exporter, reaches it through the router, and releases it', { timeout }, async () => {
      const command = ['sh', '-c', 'j power on && echo "lease $JMP_LEASE"']
      const { exitCode, all } = await jmp('shell', '--client-config', clientFile, '-l', 'board=uno', '--', ...command)
      expect(exitCode, all).toBe(0)
      expect(all).toMatch(/lease [0-9a-f-]{36}/)
      const leases = [...controller.state.leases.values()]
      expect(leases).toMatchObject([{ exporter: { name: 'one' }, conditions: [{ reason: 'Released' }] }])
      expect(controller.state.exporters.get('one')?.lease).toBeUndefined()
      await expect.poll(() => controller.router.tunnels, { timeout: 10_000 }).toBe(0)
    })

    test('exporters and leases are listed, made, changed and deleted', { timeout }, async () => {
      const config = ['--client-config', clientFile]
      const exporters = await jmp('get', 'exporters', ...config, '-o', 'name')
      expect(exporters.all.split('\n').toSorted()).toEqual(['away', 'one', 'three', 'two'])
      const created = await jmp('create', 'lease', ...config, '-l', 'board=uno', '--duration', '60', '-o', 'name')
      expect(created.exitCode, created.all).toBe(0)
      const name = created.stdout.trim()
      await expect.poll(() => controller.state.leases.get(name)?.conditions).toMatchObject([{ reason: 'Ready' }])
      const updated = await jmp('update', 'lease', name, ...config, '--duration', '120')
      expect(updated.exitCode, updated.all).toBe(0)
      expect(controller.state.leases.get(name)?.durationMs).toBe(120_000)
      const listed = await jmp('get', 'leases', ...config, '-o', 'name')
      expect(listed.stdout).toContain(name)
      const deleted = await jmp('delete', 'leases', name, ...config)
      expect(deleted.exitCode, deleted.all).toBe(0)
      expect(controller.state.leases.get(name)?.conditions).toMatchObject([{ reason: 'Released' }])
    })

    test('a lease that nobody can have is refused, with the reason', { timeout }, async () => {
      const { exitCode, all } = await jmp('shell', '--client-config', clientFile, '-l', 'board=none', '--', 'true')
      expect(exitCode).not.toBe(0)
      expect(all).toContain('0 exporters')
    })

    describe('and our exporter', () => {
      const events = () => readFileSync(join(certificates.folder, 'events'), 'utf8').trim().split('\n')
      const note = (name: string) => ({
        script: `echo "${name} $LEASE_NAME $CLIENT_NAME" >> events; echo "${name} prints"`,
      })
      /** Starts `vitest-hardware run` with what a controller gives an exporter, and hooks that write down what they know. */
      async function startOurExporter(hooks: object = { beforeLease: note('before'), afterLease: note('after') }) {
        const file = join(certificates.folder, 'two.yaml')
        const power = { type: 'jumpstarter_driver_power.driver.MockPower' }
        const more = { export: { power }, hooks }
        writeFileSync(file, controller.exporterConfig('two', more))
        writeFileSync(join(certificates.folder, 'events'), '')
        const run = execa(process.execPath, [main, 'run', '--exporter-config', file], {
          cwd: certificates.folder,
          env: { PATH: `${pythonProgram('')}:${process.env['PATH']}` },
          reject: false,
          all: true,
          timeout: 100_000,
        })
        const ended = run.then(({ all }) => Promise.reject(new Error(all)))
        ended.catch(() => undefined)
        const isThere = vi.waitUntil(() => controller.state.exporters.get('two')?.streams === 1, { timeout })
        await Promise.race([isThere, ended])
        return { exporter: run }
      }
      const isAvailable = () => controller.state.exporters.get('two')?.status === ExporterStatus.AVAILABLE

      test('Python’s shell leases it, with hooks, again and again', { timeout: 2 * timeout }, async () => {
        const begin = controller.state.leases.size
        const { exporter } = await startOurExporter()
        for (const round of [0, 1]) {
          const command = ['sh', '-c', 'j power on && j power off && echo "lease $JMP_LEASE"']
          const { dials } = controller.router
          const { exitCode, all } = await jmp(
            'shell',
            '--client-config',
            clientFile,
            '-l',
            'board=mega',
            '--',
            ...command,
          )
          const lease = [...controller.state.leases.values()][begin + round]
          expect(exitCode, all).toBe(0)
          expect(all).toContain(`lease ${lease?.name}`)
          // The shell's own, and one of each `j`.
          expect(controller.router.dials - dials).toBeGreaterThanOrEqual(3)
          await expect.poll(isAvailable, { timeout }).toBe(true)
          expect(events().slice(-2)).toEqual([`before ${lease?.name} ci`, `after ${lease?.name} ci`])
        }
        exporter.kill('SIGTERM')
        expect(await exporter).toMatchObject({ exitCode: 143 })
        const { status, reports, lease } = controller.state.exporters.get('two') ?? {}
        expect({ status, reports, lease }).toEqual({ status: ExporterStatus.OFFLINE, reports: [], lease: undefined })
      })

      test('a hook in Python has the driver API, and a failed one is a warning', { timeout: 2 * timeout }, async () => {
        const script = [
          'from jumpstarter.utils.env import env',
          'with env() as client:',
          '    client.power.on()',
          'print("the power is on")',
        ]
        writeFileSync(join(certificates.folder, 'hook.py'), script.join('\n'))
        const { exporter } = await startOurExporter({
          beforeLease: { script: 'hook.py', onFailure: 'endLease' },
          afterLease: { script: 'exit 3', onFailure: 'warn' },
        })
        const { exitCode, all } = await jmp('shell', '--client-config', clientFile, '-l', 'board=mega', '--', 'true')
        expect(exitCode, all).toBe(0)
        expect(all).toContain('the power is on')
        expect(all).toMatch(/Warning: .*afterLease hook.*3/)
        exporter.kill('SIGTERM')
        await exporter
      })

      test('our shell does too, and a signal ends the lease that is served', { timeout: 2 * timeout }, async () => {
        const { exporter } = await startOurExporter()
        const call = `"${process.execPath}" "${main}" call power.on`
        const run = (command: string) =>
          execa(
            process.execPath,
            [main, 'shell', '--client-config', clientFile, '-l', 'board=mega', '--', 'sh', '-c', command],
            {
              reject: false,
              all: true,
              timeout: 50_000,
            },
          )
        const first = await run(`${call} && ${call}`)
        expect(first.exitCode, first.all).toBe(0)
        expect(first.all).toContain('beforeLease: before prints')
        expect(first.all).toContain('afterLease: after prints')
        await expect.poll(isAvailable, { timeout }).toBe(true)
        const begun = join(certificates.folder, 'begun')
        const second = run(`${call} && touch "${begun}" && exec sleep 30`)
        await expect.poll(() => existsSync(begun), { timeout }).toBe(true)
        exporter.kill('SIGTERM')
        expect(await exporter).toMatchObject({ exitCode: 143 })
        expect(events().map((event) => event.split(' ')[0])).toEqual(['before', 'after', 'before', 'after'])
        second.kill('SIGTERM')
        await second
        expect(controller.state.exporters.get('two')?.lease).toBeUndefined()
      })

      test(
        'the exporter ends after the lease that it serves when it is told to finish',
        { timeout: 2 * timeout },
        async () => {
          const { exporter } = await startOurExporter()
          const wait = ['shell', '--client-config', clientFile, '-l', 'board=mega', '--', 'sh', '-c', 'read line']
          const shell = execa(process.execPath, [main, ...wait], { reject: false, all: true, timeout: 50_000 })
          await expect.poll(() => events()[0], { timeout }).toMatch(/^before/)
          exporter.kill('SIGHUP')
          expect(await Promise.race([exporter.then(() => 'has ended'), delay(500, 'runs')])).toBe('runs')
          shell.stdin.end('\n')
          expect((await shell).exitCode).toBe(0)
          expect(await exporter).toMatchObject({ exitCode: 129 })
        },
      )
    })

    describe('and the plugin', () => {
      const usesPower = `
import { needs } from 'vitest-hardware'
import { PowerClient } from 'vitest-hardware/clients'
const test = needs({ dut: { selector: 'board=uno', drivers: { power: PowerClient } } })
`
      const cycles = `${usesPower}
test('cycles', async ({ dut }) => { await dut.power.cycle({ offMs: 1 }) })`
      const hangs = `${usesPower}
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
test('hangs', async ({ dut }) => {
  await dut.power.on()
  writeFileSync('begun', '')
  await new Promise(() => {})
}, 60_000)`
      const createControllerProject = (files: Record<string, string>) =>
        createProject({
          ...files,
          'vitest.config.js': config({ controller: { clientConfig: clientFile } }),
        })
      const reasons = (from: number) =>
        [...controller.state.leases.values()].slice(from).map(({ conditions: [condition] }) => condition?.reason)

      test('files lease what the run has not, one after another', { timeout }, async () => {
        const begin = controller.state.leases.size
        const names = ['a', 'b', 'c'].map((name) => `${name}.test.js`)
        await using project = await createControllerProject(Object.fromEntries(names.map((name) => [name, cycles])))
        const { code, output } = await project.vitest(['run'])
        expect(code, output).toBe(0)
        expect(output).toMatch(/Tests\s+3 passed/)
        expect(reasons(begin), output).toEqual(names.map(() => 'Released'))
        const files = [...controller.state.leases.values()].slice(begin).map(({ tags }) => tags['file'])
        expect(new Set(files.map((file) => file?.slice(-'a.test.js'.length)))).toEqual(new Set(names))
      })

      test('six files share three exporters, one of them Python’s', { timeout: 2 * timeout }, async () => {
        const power = { type: 'jumpstarter_driver_power.driver.MockPower' }
        const processes = ['two', 'three'].map((name) => {
          const file = join(certificates.folder, `${name}.yaml`)
          writeFileSync(file, controller.exporterConfig(name, { export: { power } }))
          return execa(process.execPath, [main, 'run', '--exporter-config', file], { reject: false, all: true })
        })
        const isThere = (name: string) => {
          const { streams = 0, status } = controller.state.exporters.get(name) ?? {}
          return streams === 1 && status === ExporterStatus.AVAILABLE
        }
        await vi.waitUntil(() => ['one', 'two', 'three'].every(isThere), { timeout })
        const begin = controller.state.leases.size
        const uses = `${cycles.replace('board=uno', 'set=six')}
test('takes a while', async ({ dut }) => { await new Promise((go) => setTimeout(go, 1000)); await dut.power.off() })`
        const names = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `${name}.test.js`)
        await using project = await createControllerProject(Object.fromEntries(names.map((name) => [name, uses])))
        const { code, output } = await project.vitest(['run', '--maxWorkers=3'])
        expect(code, output).toBe(0)
        expect(output).toMatch(/Tests\s+12 passed/)
        const leases = [...controller.state.leases.values()].slice(begin)
        expect(new Set(leases.map(({ exporter }) => exporter?.name))).toEqual(new Set(['one', 'two', 'three']))
        expect(reasons(begin), output).toEqual(names.map(() => 'Released'))
        for (const running of processes) running.kill('SIGTERM')
        for (const running of processes) expect(await running).toMatchObject({ exitCode: 143 })
      })

      test('a need that no exporter can meet is refused with the reason', { timeout }, async () => {
        await using project = await createControllerProject({ 'a.test.js': cycles.replace('board=uno', 'board=none') })
        const { code, output } = await project.vitest(['run'], { CI: '1' })
        expect(code, output).toBe(1)
        expect(output).toMatch(/No exporter can ever have board=none: .*0 exporters.*\(NoAccess\)/)
      })

      test.each(['SIGINT', 'SIGTERM'] as const)('%s gives the lease back', { timeout }, async (signal) => {
        const begin = controller.state.leases.size
        await using project = await createControllerProject({ 'a.test.js': hangs })
        const run = project.start(['run'])
        await expect.poll(() => existsSync(join(project.folder, 'begun')), { timeout }).toBe(true)
        run.kill(signal)
        const { exitCode, all } = await run
        expect(exitCode, all).toBe(signal === 'SIGINT' ? 130 : 143)
        expect(reasons(begin), all).toEqual(['Released'])
      })

      test('a lease that is ended by somebody else fails its tests', { timeout }, async () => {
        const begin = controller.state.leases.size
        await using project = await createControllerProject({
          'a.test.js': hangs.replace(
            'await new Promise(() => {})',
            'for (;;) { await dut.power.on(); await new Promise((go) => setTimeout(go, 100)) }',
          ),
        })
        const run = project.start(['run'])
        await expect.poll(() => existsSync(join(project.folder, 'begun')), { timeout }).toBe(true)
        const lease = [...controller.state.leases.values()][begin]
        if (lease !== undefined) controller.state.release(lease)
        const { exitCode, all } = await run
        expect(exitCode, all).toBe(1)
        expect(all).toMatch(/HardwareError: /)
      })
    })

    describe('and our client', () => {
      const ours = (...args: string[]) =>
        execa(process.execPath, [main, ...args], { reject: false, all: true, stdin: 'ignore', timeout: 50_000 })
      const where = () => ['--client-config', clientFile]
      const call = `"${process.execPath}" "${main}" call`

      test('a shell leases their exporter, reaches it, and leaves nothing', { timeout }, async () => {
        const begin = controller.state.leases.size
        const command = `${call} power.on && ${call} power.read && echo "lease $JMP_LEASE of $JMP_EXPORTER"`
        const { exitCode, all } = await ours('shell', ...where(), '-l', 'board=uno', '--', 'sh', '-c', command)
        expect(exitCode, all).toBe(0)
        const lease = [...controller.state.leases.values()][begin]
        expect(all).toContain(`lease ${lease?.name} of one`)
        expect(all).not.toContain('warning')
        expect(all).toContain('"voltage"')
        expect(lease).toMatchObject({ conditions: [{ reason: 'Released' }] })
        await expect.poll(() => controller.router.tunnels, { timeout: 10_000 }).toBe(0)
      })

      test('a command whose lease is ended is told so, and why is said', { timeout }, async () => {
        const begin = controller.state.leases.size
        const shell = ours(
          'shell',
          ...where(),
          '-l',
          'board=uno',
          '--',
          'sh',
          '-c',
          `while ${call} power.on; do :; done; exec sleep 40`,
        )
        const lease = () => [...controller.state.leases.values()][begin]
        await expect.poll(() => lease()?.exporter?.status, { timeout }).toBe(ExporterStatus.LEASE_READY)
        await delay(1_000)
        controller.state.release(controller.state.leaseOf(lease()?.name ?? ''))
        const { exitCode, all } = await shell
        expect(exitCode, all).toBe(129)
        expect(all).toMatch(/error: Lease \S+ has ended: The lease was released \(Released\)/)
      })

      test('what cannot be had is said at once, with the controller’s reason', { timeout }, async () => {
        const { exitCode, all } = await ours('shell', ...where(), '-l', 'board=none', '--', 'true')
        expect(exitCode, all).toBe(1)
        expect(all).toMatch(/No exporter can ever have board=none: .*0 exporters.*\(NoAccess\)/)
      })

      test('a shell that waits says why, and gives its lease back when it is interrupted', { timeout }, async () => {
        const begin = controller.state.leases.size
        const shell = ours('shell', ...where(), '-n', 'away', '--', 'true')
        await new ProcessOutput(shell).prints('waiting: none of the 1 exporters is online (Offline)', timeout)
        shell.kill('SIGINT')
        expect(await shell).toMatchObject({ exitCode: 130 })
        const lease = [...controller.state.leases.values()][begin]
        expect(lease).toMatchObject({ conditions: [{ reason: 'Released' }] })
      })

      test('exporters and leases are listed, made, changed and deleted', { timeout }, async () => {
        const exporters = await ours('get', 'exporters', ...where(), '-o', 'name')
        expect(exporters.stdout.split('\n').toSorted(), exporters.all).toEqual(['away', 'one', 'three', 'two'])
        expect((await ours('get', 'exporters', ...where(), '-l', 'board=away')).stdout).toMatch(
          /^NAME .*\naway .*offline/,
        )
        const created = await ours('create', 'lease', ...where(), '-l', 'board=uno', '--duration', '1h', '-o', 'name')
        const name = created.stdout
        await expect.poll(() => controller.state.leases.get(name)?.conditions).toMatchObject([{ reason: 'Ready' }])
        const updated = await ours('update', 'lease', name, ...where(), '--duration', 'PT2H', '-o', 'json')
        expect(JSON.parse(updated.stdout)).toMatchObject({ name, durationMs: 7_200_000, exporter: 'one' })
        expect((await ours('get', 'leases', ...where())).stdout).toContain(name)
        const inIt = await ours('shell', ...where(), '--lease', name, '--', 'sh', '-c', `${call} power.on`)
        expect(inIt.exitCode, inIt.all).toBe(0)
        expect(controller.state.leases.get(name)?.end, 'it is left alone').toBeUndefined()
        expect((await ours('delete', 'leases', ...where(), name)).stdout).toBe(name)
        expect(controller.state.leases.get(name)?.conditions).toMatchObject([{ reason: 'Released' }])
      })
    })
  },
)
