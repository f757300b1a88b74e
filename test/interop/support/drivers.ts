/** Drivers that our exporter runs in the interoperability tests, for what Python's users have no device of ours for. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

import {
  byteStream,
  call,
  defineInterface,
  Driver,
  HardwareError,
  type Implementation,
  streaming,
} from 'vitest-hardware'
import { callSignal } from 'vitest-hardware/runtime'
import { Flasher, type ResourceHandle } from 'vitest-hardware/interfaces'

const failures: Readonly<Record<string, (message: string) => unknown>> = {
  NotImplementedError: (message) => new HardwareError('NOT_IMPLEMENTED', message),
  ValueError: (message) => new RangeError(message),
  TimeoutError: (message) => new HardwareError('CALL_TIMEOUT', message),
  ConnectionError: (message) => Object.assign(new Error(message), { code: 'ECONNRESET', syscall: 'read' }),
  OSError: (message) => Object.assign(new Error(message), { code: 'EIO', syscall: 'write' }),
  RuntimeError: (message) => new Error(message),
}

const ProbeInterface = defineInterface({
  client: 'jumpstarter.client.DriverClient',
  methods: {
    echo: call<(value: unknown) => unknown>(),
    fail: call<(kind: string, message: string) => void>(),
    failStream: streaming<(kind: string, message: string) => number>(),
    hang: call<() => void>(),
    tick: streaming<() => number>(),
    say: call<(message: string) => void>(),
    connect: byteStream(),
    running: call<() => Readonly<Record<string, number>>>(),
  },
})

/** Raises, hangs, logs and measures, as it is told. */
export class Probe extends Driver implements Implementation<typeof ProbeInterface> {
  static readonly interface = ProbeInterface
  readonly #running = { hang: 0, tick: 0, connect: 0 }

  echo(value: unknown) {
    return value
  }

  fail(kind: string, message: string) {
    throw failures[kind]?.(message) ?? new Error(`no failure ${kind}`)
  }

  async *failStream(kind: string, message: string) {
    yield 1
    this.fail(kind, message)
  }

  async hang() {
    this.#running.hang++
    try {
      await once(new EventTarget(), 'never', { signal: callSignal() })
    } finally {
      this.#running.hang--
    }
  }

  async *tick() {
    this.#running.tick++
    try {
      for (;;) {
        yield 1
        await delay(50, undefined, { signal: callSignal() })
      }
    } finally {
      this.#running.tick--
    }
  }

  say(message: string) {
    this.logger.warning(message)
  }

  connect() {
    this.#running.connect++
    return new PassThrough().once('close', () => this.#running.connect--)
  }

  /** How often each method is at work just now. */
  running() {
    return { ...this.#running }
  }
}

/** What has become of the images of a {@link HashingFlasher}. */
export interface Flashing {
  /** How many are being flashed just now. */
  readonly running: number
  /** Why those that did not arrive in full did not. */
  readonly broken: readonly string[]
}

const HashingFlasherInterface = defineInterface({
  client: Flasher.client,
  methods: {
    ...Flasher.methods,
    flashed: call<() => { sha256: string; length: number } | undefined>(),
    flashing: call<() => Flashing>(),
  },
})

/** Keeps nothing of an image but its length and SHA-256. The target `slow` takes its time. */
export class HashingFlasher extends Driver implements Implementation<typeof HashingFlasherInterface> {
  static readonly interface = HashingFlasherInterface
  readonly #broken: string[] = []
  #running = 0
  #last: { sha256: string; length: number } | undefined

  async flash(image: ResourceHandle, target?: string | null) {
    this.#running++
    try {
      const hash = createHash('sha256')
      let length = 0
      for await (const chunk of await this.resource(image)) {
        hash.update(chunk as Buffer)
        length += (chunk as Buffer).length
        if (target === 'slow') await delay(20)
      }
      this.#last = { sha256: hash.digest('hex'), length }
    } catch (error) {
      this.#broken.push(error instanceof Error ? error.message : String(error))
      throw error
    } finally {
      this.#running--
    }
  }

  async dump(image: ResourceHandle) {
    const file = await this.resource(image)
    const block = Buffer.from(Array.from({ length: 65_536 }, (_, index) => index % 256))
    for (let count = 0; count < 16; count++) {
      if (!file.write(block)) await once(file, 'drain')
    }
    file.end()
    await once(file, 'finish')
  }

  flashed() {
    return this.#last
  }

  flashing() {
    return { running: this.#running, broken: [...this.#broken] }
  }
}
