import { expect, test } from 'vitest'

import { DriverClient } from '../../src/clients/driver-client.ts'
import { withClass } from '../../src/clients/with-class.ts'
import { call, defineInterface, Driver } from '../../src/index.ts'
import { withRecorder } from '../../src/recording/record-step.ts'
import { Recorder } from '../../src/recording/recorder.ts'
import { openSession } from '../support/session.ts'

const Oven = defineInterface({ client: 'kitchen.Oven', methods: { setDegrees: call<(degrees: number) => number>() } })

class SimulatedOven extends Driver {
  static readonly interface = Oven
  setDegrees(degrees: number) {
    return degrees
  }
}

class OvenClient extends DriverClient<typeof Oven> {
  static readonly interface = Oven
  async bake(): Promise<void> {
    for (const degrees of [100, 200]) await this.call('setDegrees', degrees)
  }
}

test('the methods of a client whose class a test declares are steps', async () => {
  const recorder = new Recorder()
  await using session = await openSession(new SimulatedOven(), { connect: { recorder } })
  await session.session.start()
  const oven = withClass(session.root, OvenClient)
  await withRecorder(recorder, 'test', () => oven.bake())
  const steps = recorder.steps('test')
  expect(steps.map(({ target, parent }) => [target, parent?.target])).toEqual([
    ['bake', undefined],
    ['setDegrees', 'bake'],
    ['setDegrees', 'bake'],
  ])
})
