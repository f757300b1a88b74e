import { assert } from 'vitest'

import { NetworkClient } from '../clients/drivers/network-client.ts'
import { Network } from '../interfaces/network.ts'
import { registerCommonTests } from './common-tests.ts'
import type { ConformanceOptions, CreateDriver } from './device.ts'
import { echo, type EchoOptions, testBytes } from './echo.ts'
import { registerStreamTests, useStream } from './stream-tests.ts'
import { Suite } from './suite.ts'

/**
 * Options of {@link describeNetwork}. An endpoint that does not send back what it gets lacks `echo`; one without an address lacks
 * `address`.
 */
export interface NetworkConformance extends ConformanceOptions<'echo' | 'address'> {
  /** The way in which the endpoint sends back what it gets. */
  readonly echo?: EchoOptions | undefined
}

/**
 * Tests a driver of the interface `Network` with an endpoint that sends back what it gets: every byte, much at once, streams at the
 * same time, and everything else that every driver has to stand.
 *
 * @param name the name of the driver in titles and reports
 * @example
 * ```ts
 * describeNetwork('MyTunnel', async () => {
 *   const server = await startEchoServer()
 *   return { driver: new MyTunnel({ port: server.port }), [Symbol.asyncDispose]: () => server.close() }
 * })
 * ```
 */
export function describeNetwork(name: string, create: CreateDriver, options: NetworkConformance = {}): void {
  const { echo: echoes = {} } = options
  const useEcho = options.lacks?.echo === undefined ? echoes : undefined
  const definition = {
    kind: 'network',
    contract: Network,
    Client: NetworkClient,
    badCalls: [['address', 1, 2, 3]],
    use: (client: NetworkClient) => useStream(client, useEcho, suite.options.timeoutMs),
  } as const
  const suite: Suite<NetworkClient> = new Suite(definition, name, create, options)
  const { timeoutMs } = suite.options

  suite.describe(() => {
    suite.test(
      'has an address, a URL',
      async ({ client }) => {
        const address = await client.address()
        assert(URL.canParse(address), `the address ${address} is no URL`)
      },
      'address',
    )

    suite.test(
      'keeps streams at the same time apart',
      async ({ client }) => {
        const bytes = testBytes(65_536)
        const streams = await Promise.all([client.connect(), client.connect()])
        await Promise.all(
          streams.map((stream, index) =>
            echo(stream, bytes.subarray(index * 32_768).subarray(0, 32_768), echoes, timeoutMs),
          ),
        )
        const [first, second] = streams
        first?.destroy()
        if (second !== undefined) await echo(second, bytes, echoes, timeoutMs)
        second?.destroy()
      },
      'echo',
    )

    registerStreamTests(suite, echoes)
    registerCommonTests(suite)
  })
}
