import { afterAll, describe, test } from 'vitest'

import type { ClientClass, DriverClient } from '../clients/driver-client.ts'
import type { InterfaceDefinition } from '../interfaces/define.ts'
import type { ConformanceOptions, CreateDriver, TestedDriver } from './device.ts'
import { openDevice, type OpenedDevice } from './open-device.ts'

/** Facts about a test of a suite, for reporters. */
export interface ConformanceFacts {
  /** The name of the driver, as the test file gives it. */
  readonly driver: string
  /** The kind of the suite: `power`. */
  readonly suite: string
  /** The real part, if the test file names it. */
  readonly against: string | undefined
  /** The reason why the test was not run, if there is one. */
  notTested?: string
}

declare module 'vitest' {
  interface TaskMeta {
    /** The facts about a test of `vitest-hardware/conformance`. */
    conformance?: ConformanceFacts
  }
}

/** One kind of device, for {@link Suite}. */
export interface SuiteDefinition<Client extends DriverClient, Device extends TestedDriver> {
  /** The name in titles: `power`. */
  readonly kind: string
  readonly contract: InterfaceDefinition
  readonly Client: ClientClass<Client>
  /** The smallest complete use of the device. It leaves nothing open. */
  readonly use: (client: Client, device: Device) => Promise<void>
  /** The number of uses that have to be possible at once (default 20). */
  readonly usesAtOnce?: number | undefined
  /** Calls with wrong arguments, which have to end with ARGUMENT_INVALID. */
  readonly badCalls: readonly (readonly [method: string, ...args: readonly unknown[]])[]
}

/** Ends a test as skipped, and prints the reason. */
export type NotTested = (reason: string) => never

/** A driver in a test. */
export interface TestSubject<Client extends DriverClient, Device extends TestedDriver> extends OpenedDevice<
  Client,
  Device
> {
  readonly notTested: NotTested
}

/** The options of a suite, with the defaults filled in. */
export interface SuiteOptions extends ConformanceOptions<string> {
  readonly timeoutMs: number
  readonly lacks: Readonly<Record<string, string | undefined>>
}

/** The longest that a transfer of much data may take, in milliseconds. */
export const transferTimeoutMs = 60_000

/** Registers the tests of one suite. */
export class Suite<Client extends DriverClient, Device extends TestedDriver = TestedDriver> {
  readonly definition: SuiteDefinition<Client, Device>
  readonly create: CreateDriver<Device>
  readonly options: SuiteOptions
  readonly #name: string
  readonly #last: (() => void)[] = []
  #shared: OpenedDevice<Client, Device> | undefined

  constructor(
    definition: SuiteDefinition<Client, Device>,
    name: string,
    create: CreateDriver<Device>,
    options: ConformanceOptions<string>,
  ) {
    this.definition = definition
    this.create = create
    this.options = { ...options, timeoutMs: options.timeoutMs ?? 10_000, lacks: options.lacks ?? {} }
    this.#name = name
  }

  /** Registers the suite as a block of tests. @param register registers the tests */
  describe(register: () => void): void {
    const { skip } = this.options
    describe(`${this.#name} (${this.definition.kind})`, { concurrent: false }, () => {
      if (skip !== undefined) {
        this.testClass('conforms to its interface', async (notTested) => notTested(skip))
        return
      }
      register()
      for (const registerLast of this.#last.splice(0)) registerLast()
      afterAll(() => this.#closeShared())
    })
  }

  /**
   * Registers a test that leaves the session and the real part as they were. Such tests share a session, because many real parts
   * take long to start.
   *
   * @param ability the ability without which the test is skipped
   */
  test(title: string, run: (subject: TestSubject<Client, Device>) => Promise<void>, ability?: string): void {
    this.#register(title, ability, async (notTested) => {
      this.#shared ??= await this.#open()
      try {
        await run({ ...this.#shared, notTested })
      } catch (error) {
        // Nobody knows what it has left behind.
        await this.#closeShared().catch(() => undefined)
        throw error
      }
    })
  }

  /** Registers a test with a session of its own, to run after the tests of {@link test}. */
  testAlone(title: string, run: (subject: TestSubject<Client, Device>) => Promise<void>, ability?: string): void {
    this.#last.push(() =>
      this.#register(title, ability, async (notTested) => {
        await using opened = await this.open()
        await run({ ...opened, notTested })
      }),
    )
  }

  #register(title: string, ability: string | undefined, run: (notTested: NotTested) => Promise<void>): void {
    const reason = ability === undefined ? undefined : this.options.lacks[ability]
    this.testClass(title, async (notTested) => (reason === undefined ? run(notTested) : notTested(reason)))
  }

  /** Registers a test that needs no session. */
  testClass(title: string, run: (notTested: NotTested) => Promise<void>): void {
    const { options, definition } = this
    const facts: ConformanceFacts = { driver: this.#name, suite: definition.kind, against: options.against }
    const timeout = 6 * options.timeoutMs + transferTimeoutMs
    // oxlint-disable-next-line vitest/valid-title -- it is a string
    test(title, { timeout, meta: { conformance: facts } }, async ({ skip, task }) => {
      await run((reason) => {
        task.meta.conformance = { ...facts, notTested: reason }
        console.warn(`${this.#name}, '${title}' is not tested: ${reason}`)
        skip(reason)
        throw new Error(reason)
      })
    })
  }

  /** Opens a session with another driver from `create()`, when the driver of the shared session has let go of the device. */
  async open(): Promise<OpenedDevice<Client, Device>> {
    await this.#closeShared()
    return this.#open()
  }

  #open(): Promise<OpenedDevice<Client, Device>> {
    const { Client } = this.definition
    return openDevice(this.create, { Client, path: this.options.path })
  }

  async #closeShared(): Promise<void> {
    const shared = this.#shared
    this.#shared = undefined
    await shared?.[Symbol.asyncDispose]()
  }
}
