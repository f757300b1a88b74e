import { connect, createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'

import { ProcessOutput } from '../support/process-output.ts'
import { config, createProject } from '../support/project.ts'

const delayMs = 400

/** Passes a connection on, each way with a delay. */
async function slowLink(port: number): Promise<string> {
  const late = (from: Socket, to: Socket) => {
    from.on('data', (chunk) => void delay(delayMs).then(() => to.write(chunk)))
    from.on('close', () => to.destroy()).on('error', () => undefined)
  }
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    late(near, far)
    late(far, near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  return `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
}

test('a board behind a slow link is not blamed for what is late: the origin is the wire', async () => {
  await using project = await createProject({}, 'slow-link')
  const main = join(project.folder, 'node_modules/vitest-hardware/dist/cli/main.js')
  const listen = ['run', '--exporter-config', 'bench.yaml', '--listen', '127.0.0.1:0', '--insecure']
  const exporter = execa(process.execPath, [main, ...listen], { cwd: project.folder, all: true, reject: false })
  onTestFinished(() => void exporter.kill('SIGKILL'))
  const output = new ProcessOutput(exporter)
  await output.prints('JUMPSTARTER_HOST=', 40_000)
  const host = await slowLink(Number(/JUMPSTARTER_HOST=\S+:(\d+)/.exec(output.all)?.[1]))
  const reporters = ['default', ['json', { outputFile: 'tests.json' }]]
  project.write('vitest.config.js', config({ exporters: { lab: { host, insecure: true } } }, { reporters }))

  const { code, output: terminal } = await project.vitest(['run'])
  expect(code, terminal).toBe(1)
  const facts = [...terminal.matchAll(/origin: wire, exporter \S+ is (\d+) ms away, there and back\)/g)]
  expect(facts, terminal).toHaveLength(2)
  for (const [, ms] of facts) expect(Number(ms)).toBeGreaterThanOrEqual(2 * delayMs - 10)
  expect(readFileSync(join(project.folder, 'tests.json'), 'utf8').match(/"origin":"wire"/g)).toHaveLength(2)
})
