import { expect } from 'vitest'

import { SerialClient } from '../clients/drivers/serial-client.ts'
import { Serial } from '../interfaces/serial.ts'
import { registerCommonTests } from './common-tests.ts'
import type { ConformanceOptions, CreateDriver } from './device.ts'
import type { EchoOptions } from './echo.ts'
import { describeOutcome, outcomeOf } from './outcome.ts'
import { registerStreamTests, untilEnded, untilReceived, useStream } from './stream-tests.ts'
import { Suite } from './suite.ts'

/**
 * Options of {@link describeSerial}. A device that does not send back what it gets lacks `echo`; a port without control lines lacks
 * `setDtr` and `setRts`.
 */
export interface SerialConformance extends ConformanceOptions<'echo' | 'setDtr' | 'setRts'> {
  /** The way in which the device sends back what it gets. */
  readonly echo?: EchoOptions | undefined
}

/**
 * Tests a driver of the interface `Serial` with a device that sends back what it gets, such as a plug that joins TX and RX: every
 * byte, much at once, two readers, control lines, and everything else that every driver has to stand.
 *
 * @param name the name of the driver in titles and reports
 * @example
 * ```ts
 * describeSerial('MyPort', () => ({ driver: new MyPort({ path: '/dev/ttyUSB0' }) }), {
 *   against: 'FT232R with TX and RX joined',
 *   echo: { totalBytes: 100_000 },
 * })
 * ```
 */
export function describeSerial(name: string, create: CreateDriver, options: SerialConformance = {}): void {
  const echoes: EchoOptions = { chunkBytes: 16_384, windowBytes: 65_536, ...options.echo }
  const definition = {
    kind: 'serial',
    contract: Serial,
    Client: SerialClient,
    badCalls: [
      ['setDtr', 'high'],
      ['setRts', 1, 2, 3],
    ],
    // All readers of a port get what one of them has sent, so that uses at once do not compare bytes.
    use: (client: SerialClient) => useStream(client, undefined, suite.options.timeoutMs),
  } as const
  const suite: Suite<SerialClient> = new Suite(definition, name, create, options)
  const { timeoutMs } = suite.options

  suite.describe(() => {
    for (const method of ['setDtr', 'setRts'] as const) {
      suite.test(
        `sets ${method.slice(3).toUpperCase()}, also twice`,
        async ({ client }) => {
          for (const active of [true, true, false, false]) await client.call(method, active)
        },
        method,
      )
    }

    suite.test(
      'serves two readers, and one goes on without the other',
      async ({ client }) => {
        const [first, second] = await Promise.all([client.connect(), client.connect()])
        first.write('from the first\n')
        await untilReceived(first, 'from the first\n', timeoutMs)
        second.write('from the second\n')
        await untilReceived(second, 'from the second\n', timeoutMs)
        first.destroy()
        second.write('alone\n')
        await untilReceived(second, 'alone\n', timeoutMs)
        second.destroy()
      },
      'echo',
    )

    suite.test('closes the port for everybody, and opens it again', async ({ client }) => {
      const stream = await client.connect()
      const closed = untilEnded(stream, 'the end of a stream whose port is closed', timeoutMs)
      const outcome = await outcomeOf('close()', timeoutMs, client.call('close'))
      expect(outcome.failed, `close(): ${describeOutcome(outcome)}`).toBe(false)
      await closed
      await definition.use(client)
    })

    registerStreamTests(suite, echoes)
    registerCommonTests(suite)
  })
}
