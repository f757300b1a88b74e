import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

import { config, createProject, type VitestVersion, vitestFolders } from '../support/project.ts'

/** Says when each of its methods begins, and when its signal is aborted. */
const driver = `
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { call, defineInterface, Driver, streaming } from 'vitest-hardware'
import { Flasher } from 'vitest-hardware/interfaces'
import { callSignal } from 'vitest-hardware/runtime'

const note = (event) => appendFileSync('journal', event + '\\n')
function watch(name) {
  note(name + ' begins')
  const signal = callSignal()
  signal.addEventListener('abort', () => note(name + ' is cancelled'))
  return signal
}
const never = (signal) => once(new EventTarget(), 'never', { signal })

export const Slow = defineInterface({
  client: 'test.SlowClient',
  methods: { work: call(), count: streaming(), undo: call() },
})
export class SlowDriver extends Driver {
  static interface = Slow
  async work() { await never(watch('work')) }
  async *count() {
    const signal = watch('count')
    yield 1
    await never(signal)
  }
  undo() { note('undo') }
}
export class SlowFlasher extends Driver {
  static interface = Flasher
  async flash(source) {
    const signal = watch('flash')
    const file = await this.resource(source)
    await never(signal).finally(() => file.destroy())
  }
  async dump() {}
}
`
const exporter = `
apiVersion: jumpstarter.dev/v1alpha1
kind: ExporterConfig
metadata: { namespace: default, name: slow }
export:
  slow: { type: "./slow.mjs#SlowDriver" }
  flasher: { type: "./slow.mjs#SlowFlasher" }
`
const bodies = {
  work: 'await slow.work()',
  count: 'for await (const one of slow.count()) expect(one).toBe(1)',
  flash: 'await flasher.flash(Buffer.alloc(1_000_000))',
}

describe.each(Object.keys(vitestFolders) as VitestVersion[])('%s', (version) => {
  test.each([
    {
      name: 'a call has less time than its test, and is cancelled in the driver too',
      limits: '{}',
      said: 'no answer within',
    },
    {
      name: 'a call that has more time than its test is cancelled with it, in the driver too',
      limits: '{ timeoutMs: 60_000 }',
      said: 'Test timed out in 1000ms',
    },
  ])('$name, and hooks still make calls', async ({ limits, said }) => {
    const tests = Object.entries(bodies).map(
      ([name, body]) => `
test('${name}', async ({ dut }) => {
  const [slow, flasher] = [dut.slow.with(${limits}), dut.flasher.with(${limits})]
  ${body}
}, 1_000)`,
    )
    await using project = await createProject(version, {
      'slow.mjs': driver,
      'slow.yaml': exporter,
      'vitest.config.js': config({ exporters: { slow: 'slow.yaml' } }),
      'a.test.js': `
import { expect, needs } from 'vitest-hardware'
import { FlasherClient } from 'vitest-hardware/clients'
import { Slow } from './slow.mjs'
const test = needs({ dut: { drivers: { slow: Slow, flasher: FlasherClient } } })
test.afterEach(async ({ dut }) => { await dut.slow.undo() })
${tests.join('')}`,
    })
    const { code, output } = await project.vitest(['run'])
    expect(code, output).toBe(1)
    expect(output).toMatch(/Tests\s+3 failed \(3\)/)
    expect(output.split(said), output).toHaveLength(4)
    const events = readFileSync(join(project.folder, 'journal'), 'utf8').trim().split('\n')
    const expected = Object.keys(bodies).flatMap((name) => [`${name} begins`, `${name} is cancelled`, 'undo'])
    // The driver may learn of it while the hook's call is already on its way.
    expect(events.toSorted(), output).toEqual(expected.toSorted())
  })
})
