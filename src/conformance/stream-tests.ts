import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { assert } from 'vitest'

import { withTimeLimit } from '../base/time-limit.ts'
import type { DriverClient } from '../clients/driver-client.ts'
import { HardwareError } from '../errors.ts'
import type { TestedDriver } from './device.ts'
import { echo, type EchoOptions, everyByte, testBytes } from './echo.ts'
import { blamesDevice, describeOutcome, type Outcome, outcomeOf } from './outcome.ts'
import type { Suite } from './suite.ts'

/** A client of a device that has one byte stream, `connect`. */
export type StreamClient = DriverClient & { connect(): Promise<Duplex> }

/** Writes a number of bytes for people. */
function inUnits(bytes: number): string {
  const mebibytes = bytes / (1024 * 1024)
  return mebibytes >= 1 ? `${Number(mebibytes.toFixed(1))} MiB` : `${bytes} bytes`
}

/** The bytes of a short use. */
const hello = Buffer.from('conformance\n')

/** Opens a stream and closes it; in between, the device sends back some bytes, if it can. */
export async function useStream(client: StreamClient, echoes: EchoOptions | undefined, timeoutMs: number) {
  const stream = await client.connect()
  try {
    if (echoes !== undefined) await echo(stream, hello, echoes, timeoutMs)
  } finally {
    await closeStream(stream, timeoutMs)
  }
}

/** Waits until the other side has ended a stream, or it is closed. @returns the error that it ended with, if there is one */
export async function untilEnded(stream: Duplex, what: string, timeoutMs: number): Promise<Outcome<void>> {
  const ended = stream.closed
    ? Promise.resolve()
    : Promise.race([once(stream, 'end'), once(stream, 'close')]).then(() => undefined)
  stream.resume()
  try {
    return await outcomeOf(what, timeoutMs, ended)
  } finally {
    // It may fail once more.
    stream.on('error', () => undefined).destroy()
  }
}

async function closeStream(stream: Duplex, timeoutMs: number): Promise<void> {
  if (stream.closed) return
  const closed = once(stream, 'close')
  stream.on('error', () => undefined).destroy()
  await outcomeOf('the close of a stream', timeoutMs, closed)
}

/** Registers the tests of byte streams. @param echoes how the device sends back what it gets */
export function registerStreamTests<Client extends StreamClient, Device extends TestedDriver>(
  suite: Suite<Client, Device>,
  echoes: EchoOptions,
): void {
  const { timeoutMs } = suite.options
  const { totalBytes = 10 * 1024 * 1024 } = echoes

  suite.test(
    'carries every byte value both ways',
    async ({ client }) => {
      const stream = await client.connect()
      await echo(stream, everyByte, echoes, timeoutMs)
      await closeStream(stream, timeoutMs)
    },
    'echo',
  )

  suite.test(
    `carries ${inUnits(totalBytes)} both ways`,
    async ({ client }) => {
      const stream = await client.connect()
      await echo(stream, testBytes(totalBytes), echoes, timeoutMs)
      await closeStream(stream, timeoutMs)
    },
    'echo',
  )

  suite.testAlone('ends its stream when the session is closed', async ({ client, closeSession }) => {
    const stream = await client.connect()
    const closed = untilEnded(stream, 'the end of a stream whose session is closed', timeoutMs)
    await closeSession()
    await closed
  })

  suite.testAlone(
    'ends its stream when the real part goes away',
    async ({ client, device, notTested }) => {
      if (device.interrupt === undefined) notTested('create() gives no interrupt()')
      const stream = await client.connect()
      const closed = untilEnded(stream, 'the end of a stream whose real part has gone', timeoutMs)
      await device.interrupt?.()
      const outcome = await closed
      const message = `a stream whose real part has gone ends, or fails with the origin board or lab; ${describeOutcome(outcome)}`
      assert(!outcome.failed || blamesDevice(outcome), message)
    },
    'interrupt',
  )
}

/** Reads a stream until a text has come. */
export async function untilReceived(stream: Duplex, text: string, timeoutMs: number): Promise<void> {
  let received = ''
  const incoming: AsyncIterator<Buffer> = stream.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]()
  while (!received.includes(text)) {
    const name = `the receipt of '${text}'`
    const next = await withTimeLimit({ name, timeoutMs }, () => incoming.next())
    if (next.done === true) throw new HardwareError('DEVICE_IO', `The stream ended before ${name}`)
    received += next.value.toString('latin1')
  }
}
