import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Duplex } from 'node:stream'

import { expect } from 'vitest'

import { EchoNetwork, MockPower, TcpNetwork } from '../../src/drivers/index.ts'
import type { NetworkClient, PowerClient } from '../../src/clients/index.ts'
import { CompositeDriver } from '../../src/runtime/composite-driver.ts'
import { openSession } from './session.ts'
import { untilSucceeds } from './until-succeeds.ts'

/** A console that prints a number every few milliseconds, as long as somebody reads. */
class Counter extends EchoNetwork {
  override connect() {
    let number = 0
    const timer = setInterval(() => void stream.push(`${number++}\n`), 5)
    const stream = new Duplex({
      read() {},
      write: (_chunk, _encoding, done) => done(),
      destroy(error, done) {
        clearInterval(timer)
        done(error)
      },
    })
    // oxlint-disable-next-line typescript/no-unsafe-return, typescript/no-explicit-any -- the echo's type is narrower than the interface's
    return stream as any
  }
}

/**
 * Leaves streams in each way in which a test can leave one early, many times, beside an open console that has to lose nothing.
 *
 * @param loops the number of loops that are left
 * @param others the number for each other way
 */
export async function leaveStreams(loops: number, others: number = loops): Promise<void> {
  const server = createServer((_request, response) => void response.write('the beginning'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const children = {
    power: new MockPower(),
    echo: new EchoNetwork(),
    web: new TcpNetwork({ host: '127.0.0.1', port }),
    console: new Counter(),
  }
  await using opened = await openSession(new CompositeDriver(children))
  await opened.session.start()
  const clients = opened.root.children as unknown as Record<'echo' | 'web' | 'console', NetworkClient> & {
    power: PowerClient
  }
  const console = await clients.console.connect()
  let printed = ''
  let failure: Error | undefined
  console.on('data', (chunk: Buffer) => (printed += chunk.toString())).on('error', (error) => (failure = error))
  await using web = await clients.web.forwardTcp({ onError: () => undefined })
  const ways: Record<string, () => Promise<unknown>> = {
    'a loop over records': async () => {
      for await (const reading of clients.power.read()) return reading
    },
    'a byte stream that is destroyed': async () => void (await clients.echo.connect()).destroy(),
    'a byte stream that is ended': async () => {
      const stream = await clients.echo.connect()
      stream.end('x')
      for await (const chunk of stream) void chunk
    },
    'a call that is cancelled': async () => {
      const stop = new AbortController()
      const call = clients.power.with({ signal: stop.signal }).on()
      setImmediate(() => stop.abort())
      await call.catch(() => undefined)
    },
    'a request that is aborted': async () => {
      const stop = new AbortController()
      const response = await fetch(`http://${web.address}/`, { signal: stop.signal })
      stop.abort()
      await response.text().catch(() => undefined)
    },
  }
  for (const [way, leave] of Object.entries(ways)) {
    const times = way === 'a loop over records' ? loops : others
    // Ten at a time, as the tests of a file that run at the same time.
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        for (let time = 0; time < times / 10; time++) {
          await leave().catch((error: unknown) => {
            throw new Error(`${way}, time ${time * 10}`, { cause: error })
          })
        }
      }),
    )
    expect(failure, way).toBeUndefined()
  }
  const before = printed.length
  await untilSucceeds('more of the console', async () => expect(printed.length).toBeGreaterThan(before))
  expect(failure).toBeUndefined()
  const numbers = printed.trimEnd().split('\n')
  expect(numbers).toEqual(numbers.map((_, number) => String(number)))
  console.destroy()
  server.closeAllConnections()
  server.close()
}
