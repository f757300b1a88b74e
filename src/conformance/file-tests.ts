import { setImmediate as nextTurn } from 'node:timers/promises'
import { Readable, Writable } from 'node:stream'
import { assert } from 'vitest'

import { pause } from '../base/pause.ts'
import type { DriverClient } from '../clients/driver-client.ts'
import type { FileSource } from '../clients/files.ts'
import type { TestedDriver } from './device.ts'
import { describeOutcome, failedWith, outcomeOf } from './outcome.ts'
import { type Suite, transferTimeoutMs } from './suite.ts'

/** The way in which a kind of device gets a file and gives it back. */
export interface FileAccess<Client extends DriverClient> {
  /** The ability without which files cannot be read back: `dump`. */
  readonly readAbility: string
  readonly write: (client: Client, source: FileSource) => Promise<void>
  readonly read: (client: Client, into: Writable) => Promise<void>
  /** The content of the large file. */
  readonly content: Uint8Array
  /** Another, shorter content, if the device takes any. */
  readonly shorter?: Uint8Array | undefined
  /** Compares a file with what was read back (default: byte for byte). */
  readonly isSame?: ((written: Uint8Array, read: Uint8Array) => boolean) | undefined
}

/** Registers the tests of devices that get files. */
export function registerFileTests<Client extends DriverClient, Device extends TestedDriver>(
  suite: Suite<Client, Device>,
  { readAbility, write, read, content, shorter = content, isSame = isEqual }: FileAccess<Client>,
): void {
  const { timeoutMs } = suite.options
  const { use } = suite.definition

  suite.test(
    'keeps a file, byte for byte, also the second time',
    async ({ client }) => {
      for (const written of [content, shorter]) {
        await write(client, written)
        const { sink, received } = collector()
        const outcome = await outcomeOf('the reading of a file', transferTimeoutMs, read(client, sink))
        if (outcome.failed) throw outcome.error
        assert(isSame(written, received()), `${written.length} bytes did not come back as they were written`)
      }
    },
    readAbility,
  )

  suite.test('can be used after a file was cancelled that had begun to come', async ({ client, device }) => {
    const controller = new AbortController()
    const writing = write(client.with({ signal: controller.signal }), stalled(content))
    const outcome = outcomeOf('a cancelled write', timeoutMs, writing)
    await pause(20)
    controller.abort()
    const end = await outcome
    const message = `a cancelled write has to end with CALL_CANCELLED; ${describeOutcome(end)}`
    assert(failedWith(end, 'CALL_CANCELLED'), message)
    await use(client, device)
  })

  suite.test('can be used after a file could not be read to its end', async ({ client, device }) => {
    const outcome = await outcomeOf('a write of a broken file', timeoutMs, write(client, broken(content)))
    assert(outcome.failed, 'a write of a broken file has to fail')
    await use(client, device)
  })

  suite.testAlone('ends a write when the session is closed', async ({ client, closeSession }) => {
    const writing = outcomeOf('a write whose session is closed', timeoutMs, write(client, stalled(content)))
    await pause(20)
    await closeSession()
    const end = await writing
    assert(end.failed, 'a write whose session is closed has to fail')
  })
}

/** Half of a file, and then nothing more, for ever. */
function stalled(content: Uint8Array): Readable {
  const half = content.subarray(0, Math.ceil(content.length / 2))
  let given = false
  return new Readable({
    read() {
      if (!given) this.push(half)
      given = true
    },
  })
}

/** Half of a file, and then an error, as of a disk. */
function broken(content: Uint8Array): Readable {
  async function* pieces() {
    yield content.subarray(0, Math.ceil(content.length / 2))
    await nextTurn()
    throw new Error('the rest of the file cannot be read')
  }
  return Readable.from(pieces(), { objectMode: false })
}

/** A stream that keeps what it gets. */
function collector(): { readonly sink: Writable; readonly received: () => Buffer } {
  const pieces: Uint8Array[] = []
  const sink = new Writable({
    write(piece: Uint8Array, _encoding, done) {
      pieces.push(piece)
      done()
    },
  })
  return { sink, received: () => Buffer.concat(pieces) }
}

function isEqual(written: Uint8Array, read: Uint8Array): boolean {
  return Buffer.compare(written, read) === 0
}
