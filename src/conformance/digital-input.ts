import { assert, expect } from 'vitest'

import { pause } from '../base/pause.ts'
import { DigitalInputClient } from '../clients/drivers/digital-input-client.ts'
import { DigitalInput } from '../interfaces/digital-input.ts'
import { registerCommonTests } from './common-tests.ts'
import type { ConformanceOptions, CreateDriver, TestedDriver } from './device.ts'
import { describeOutcome, failedWith, outcomeOf } from './outcome.ts'
import { Suite } from './suite.ts'

/** The time after which a wait has surely begun, in milliseconds. */
const beginMs = 50

/** A driver of a line to be tested, with its real part. */
export interface TestedInput extends TestedDriver {
  /** Makes the real line active, or inactive. */
  drive?(active: boolean): unknown
}

/**
 * Tests a driver of the interface `DigitalInput`: a line that is read, waits for its changes, and everything else that every driver
 * has to stand. The line has to be inactive when the test begins. A line that nobody can drive lacks `drive`.
 *
 * @param name the name of the driver in titles and reports
 */
export function describeDigitalInput(
  name: string,
  create: CreateDriver<TestedInput>,
  options: ConformanceOptions<'drive'> = {},
): void {
  const definition = {
    kind: 'digital input',
    contract: DigitalInput,
    Client: DigitalInputClient,
    badCalls: [['waitForEdge', 'sideways', 1]],
    async use(client: DigitalInputClient) {
      expect(await client.call('readPin'), 'readPin() of a line at rest').toBe(0)
    },
  } as const
  const suite = new Suite<DigitalInputClient, TestedInput>(definition, name, create, options)
  const { timeoutMs } = suite.options

  suite.describe(() => {
    suite.test('waits no longer than it is told', async ({ client }) => {
      for (const wait of [
        client.waitForActive({ timeoutMs: beginMs }),
        client.waitForEdge('both', { timeoutMs: beginMs }),
      ]) {
        const outcome = await outcomeOf('a wait with a limit', timeoutMs, wait)
        const message = `a wait at its limit has to end with CALL_TIMEOUT; ${describeOutcome(outcome)}`
        assert(failedWith(outcome, 'CALL_TIMEOUT'), message)
      }
      await client.waitForInactive({ timeoutMs })
    })

    suite.test('ends a wait that is cancelled', async ({ client }) => {
      const controller = new AbortController()
      const waiting = client.with({ signal: controller.signal }).call('waitForActive')
      const outcome = outcomeOf('a cancelled wait', timeoutMs, waiting)
      await pause(beginMs)
      controller.abort()
      const end = await outcome
      const message = `a cancelled wait has to end with CALL_CANCELLED; ${describeOutcome(end)}`
      assert(failedWith(end, 'CALL_CANCELLED'), message)
    })

    suite.testAlone('ends a wait when the session is closed', async ({ client, closeSession }) => {
      const waiting = outcomeOf('a wait whose session is closed', timeoutMs, client.call('waitForActive'))
      await pause(beginMs)
      await closeSession()
      assert((await waiting).failed, 'a wait whose session is closed has to fail')
    })

    suite.test(
      'sees the line change',
      async ({ client, device, notTested }) => {
        if (device.drive === undefined) notTested('create() gives no drive()')
        for (const [edge, active] of [
          ['rising', true],
          ['falling', false],
          ['both', true],
          ['both', false],
        ] as const) {
          const waits = [
            client.waitForEdge(edge, { timeoutMs }),
            active ? client.waitForActive({ timeoutMs }) : client.waitForInactive({ timeoutMs }),
          ]
          const seen = outcomeOf(`the waits for ${edge}`, timeoutMs, Promise.all(waits))
          await pause(beginMs)
          await device.drive?.(active)
          const outcome = await seen
          expect(outcome.failed, `the waits for ${edge}: ${describeOutcome(outcome)}`).toBe(false)
          expect(await client.read(), 'the line is active').toBe(active)
        }
      },
      'drive',
    )

    registerCommonTests(suite)
  })
}
