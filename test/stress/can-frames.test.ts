import { beforeEach, describe, test } from 'vitest'

import { hasPythonEnvironment } from '../../scripts/python-environment.ts'
import { exchangeFrames } from '../conformance/support/python-can.ts'
import { ModelBus, startSlcanAdapter } from '../conformance/support/slcan-adapter.ts'
import { useBothExporters } from '../interop/support/both-exporters.ts'
import { canEntries, exchangeOnOurs, exchangeOnTheirs } from '../interop/support/can-exchange.ts'
import { pythonMissing } from '../interop/support/python.ts'
import { createPtyPair } from '../support/pty-pair.ts'
import { needsCommand, skipMissing } from '../support/system-part.ts'

describe('10,000 random CAN frames each way', () => {
  beforeEach(({ skip }) => {
    needsCommand('socat', skip)
    if (!hasPythonEnvironment()) skipMissing("Jumpstarter's Python", skip)
  })

  test('to and from python-can, come whole and in order', async () => {
    await using line = await createPtyPair()
    await exchangeFrames({ ours: line.port, theirs: line.devicePath }, 10_000, { acknowledge: false })
  })

  test('through adapters that answer, come whole and in order', async () => {
    const bus = new ModelBus()
    await using first = await startSlcanAdapter(bus)
    await using second = await startSlcanAdapter(bus)
    await exchangeFrames({ ours: first.path, theirs: second.path }, 10_000)
  })
})

const missing = pythonMissing()
describe.skipIf(missing !== undefined)(
  `10,000 random CAN frames each way${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    const both = useBothExporters(async () => ({ entries: canEntries }))

    test("come whole and in order from our client through Jumpstarter's exporter", () => exchangeOnTheirs(both, 10_000))
    test("come whole and in order from Python's client through our exporter", () => exchangeOnOurs(both, 10_000))
  },
)
