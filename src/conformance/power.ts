import { assert, expect } from 'vitest'

import { PowerClient } from '../clients/drivers/power-client.ts'
import { Power } from '../interfaces/power.ts'
import { interfaceOf } from '../runtime/driver.ts'
import { registerCommonTests } from './common-tests.ts'
import type { ConformanceOptions, CreateDriver, TestedDriver } from './device.ts'
import { driverAt } from './open-device.ts'
import { describeOutcome, failedWith, outcomeOf } from './outcome.ts'
import { Suite } from './suite.ts'

/** A power driver to be tested, with its real part. */
export interface TestedPower extends TestedDriver {
  /** Tells the state of the real part, by another way than the driver: true if it is on. */
  isOn?(): boolean | Promise<boolean>
}

/** Options of {@link describePower}. A device that cannot measure lacks `read`. */
export type PowerConformance = ConformanceOptions<'read'>

/**
 * Tests a driver of the interface `Power`: on and off, twice and at once, measurements, and everything else that every driver has to
 * stand. A device without measurements has to refuse `read` with NOT_IMPLEMENTED.
 *
 * @param name the name of the driver in titles and reports
 * @example
 * ```ts
 * describePower('MyPsu', () => ({ driver: new MyPsu({ host: '10.0.0.5' }) }), { against: 'PSU-3000, firmware 1.2' })
 * ```
 */
export function describePower(name: string, create: CreateDriver<TestedPower>, options: PowerConformance = {}): void {
  const definition = {
    kind: 'power',
    contract: Power,
    Client: PowerClient,
    badCalls: [['on', 1, 2, 3]],
    async use(client: PowerClient) {
      await client.on()
      await client.off()
    },
  } as const
  const suite = new Suite<PowerClient, TestedPower>(definition, name, create, options)
  const { lacks, timeoutMs } = suite.options

  suite.describe(() => {
    suite.test('switches on and off, also twice', async ({ client, device }) => {
      const steps = ['on', 'on', 'off', 'off', 'on', 'off'] as const
      for (const [index, step] of steps.entries()) {
        const result = await client.call(step)
        // Jumpstarter's driver for SNMP has an interface of its own, which answers with texts for people.
        if (interfaceOf(driverAt(suite.options.path, device.driver)).client === Power.client) {
          expect(result ?? undefined, `the result of ${step}()`).toBeUndefined()
        }
        const state = await device.isOn?.()
        const what = `the real part is on after ${steps.slice(0, index + 1).join(', ')}`
        expect(state ?? step === 'on', what).toBe(step === 'on')
      }
    })

    if (lacks['read'] === undefined) {
      suite.test('measures volts and amperes', async ({ client }) => {
        await client.on()
        let count = 0
        const reading = (async () => {
          for await (const measured of client.read()) {
            expect(measured, 'a measurement').toEqual({ voltage: expect.any(Number), current: expect.any(Number) })
            assert(
              Number.isFinite(measured.voltage + measured.current),
              `no finite numbers: ${measured.voltage} V, ${measured.current} A`,
            )
            if (++count === 2) break
          }
        })()
        const outcome = await outcomeOf('two measurements, and the end of read()', timeoutMs, reading)
        if (outcome.failed) throw outcome.error
        expect(count, 'the number of measurements').toBeGreaterThan(0)
        await client.off()
      })
    } else {
      suite.test(`refuses to measure: ${lacks['read']}`, async ({ client }) => {
        const outcome = await outcomeOf('read()', timeoutMs, client.read().next())
        const message = `read() has to end with NOT_IMPLEMENTED; ${describeOutcome(outcome)}`
        assert(failedWith(outcome, 'NOT_IMPLEMENTED'), message)
      })
    }

    registerCommonTests(suite)
  })
}
