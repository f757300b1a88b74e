import { expect } from 'vitest'

import { DigitalOutputClient } from '../clients/drivers/digital-output-client.ts'
import { DigitalOutput } from '../interfaces/digital-output.ts'
import { registerCommonTests } from './common-tests.ts'
import type { ConformanceOptions, CreateDriver, TestedDriver } from './device.ts'
import { Suite } from './suite.ts'

/** A driver of a line to be tested, with its real part. */
export interface TestedOutput extends TestedDriver {
  /** Tells the state of the real line, by another way than the driver: true if it is active. */
  isActive?(): boolean | Promise<boolean>
}

/**
 * Tests a driver of the interface `DigitalOutput`: a line that is set and read, also twice, and everything else that every driver has
 * to stand.
 *
 * @param name the name of the driver in titles and reports
 * @example
 * ```ts
 * describeDigitalOutput('MyRelay', () => ({ driver: new MyRelay({ channel: 1 }) }))
 * ```
 */
export function describeDigitalOutput(
  name: string,
  create: CreateDriver<TestedOutput>,
  options: ConformanceOptions<'readPin'> = {},
): void {
  const definition = {
    kind: 'digital output',
    contract: DigitalOutput,
    Client: DigitalOutputClient,
    badCalls: [['on', 1, 2, 3]],
    async use(client: DigitalOutputClient) {
      await client.on()
      await client.off()
    },
  } as const
  const suite = new Suite<DigitalOutputClient, TestedOutput>(definition, name, create, options)

  suite.describe(() => {
    suite.test('becomes active and inactive, also twice', async ({ client, device }) => {
      for (const step of ['on', 'on', 'off', 'off', 'on', 'off'] as const) {
        const result = await client.call(step)
        expect(result ?? undefined, `the result of ${step}()`).toBeUndefined()
        expect((await device.isActive?.()) ?? step === 'on', `the real line is active after ${step}()`).toBe(
          step === 'on',
        )
      }
    })

    suite.test(
      'can be read: 1 if it is active, else 0',
      async ({ client }) => {
        for (const step of ['on', 'off'] as const) {
          await client[step]()
          expect(await client.call('readPin'), `readPin() after ${step}()`).toBe(step === 'on' ? 1 : 0)
        }
      },
      'readPin',
    )

    registerCommonTests(suite)
  })
}
