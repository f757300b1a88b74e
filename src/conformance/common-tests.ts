import { assert, expect } from 'vitest'

import { pause } from '../base/pause.ts'
import { pollUntil } from '../base/poll.ts'
import type { DriverClient } from '../clients/driver-client.ts'
import type { Driver } from '../runtime/driver.ts'
import type { DriverClass } from '../runtime/config/driver-types.ts'
import type { MethodKind } from '../interfaces/define.ts'
import { makeBadConfig, missedMistakes } from './bad-config.ts'
import { contractMistakes } from './contract.ts'
import type { TestedDriver } from './device.ts'
import { noteResources } from './leftovers.ts'
import { driverAt } from './open-device.ts'
import { blamesDevice, describeOutcome, failedWith, outcomeOf } from './outcome.ts'
import type { Suite } from './suite.ts'

/** The times at which calls are cancelled and sessions closed, in milliseconds after the start of a use. */
const momentsMs = [0, 2, 20]

/** Registers the tests that every kind of device has. */
export function registerCommonTests<Client extends DriverClient, Device extends TestedDriver>(
  suite: Suite<Client, Device>,
): void {
  const { badCalls, contract, kind, use } = suite.definition
  const { badConfig, lacks, path, timeoutMs, usesAtOnce = suite.definition.usesAtOnce ?? 20 } = suite.options

  suite.test('has the methods of the interface, with their kinds and names', async ({ client, device }) => {
    const mistakes = contractMistakes(driverAt(path, device.driver), contract, new Set(Object.keys(lacks)))
    expect(mistakes).toEqual([])
    const call = client.call('conformance_unknown_method' as never)
    const outcome = await outcomeOf('the call of an unknown method', timeoutMs, call)
    assert(failedWith(outcome, 'METHOD_NOT_FOUND'), `an unknown method: ${describeOutcome(outcome)}`)
  })

  if (badCalls.length > 0) {
    suite.test('refuses wrong arguments, and goes on', async ({ client, device }) => {
      for (const [method, ...args] of badCalls) {
        if (lacks[method] !== undefined) continue
        const call = `${method}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`
        const outcome = await outcomeOf(call, timeoutMs, callAny(client, contract.methods[method]?.kind, method, args))
        const message = `${call} has to end with ARGUMENT_INVALID (throw a TypeError or a RangeError); ${describeOutcome(outcome)}`
        assert(failedWith(outcome, 'ARGUMENT_INVALID'), message)
      }
      await use(client, device)
    })
  }

  if (usesAtOnce > 1) {
    suite.test(`serves ${usesAtOnce} uses at once`, async ({ client, device }) => {
      const uses = Array.from({ length: usesAtOnce }, () => use(client, device))
      const ended = await outcomeOf(`${usesAtOnce} uses at once`, 3 * timeoutMs, Promise.allSettled(uses))
      if (ended.failed) throw ended.error
      expect(ended.value.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))).toEqual([])
    })
  }

  suite.test('can be used after a call was cancelled', async ({ client, device }) => {
    for (const ms of momentsMs) {
      const controller = new AbortController()
      const cancelled = use(client.with({ signal: controller.signal }), device)
      const outcome = outcomeOf('a cancelled use', timeoutMs, cancelled)
      await pause(ms)
      controller.abort()
      const end = await outcome
      const message = `a cancelled use has to end with CALL_CANCELLED, or to succeed; ${describeOutcome(end)}`
      assert(!end.failed || failedWith(end, 'CALL_CANCELLED'), message)
      await use(client, device)
    }
  })

  suite.testAlone('ends its calls when the session is closed', async ({ client, device, closeSession }) => {
    const running = outcomeOf('a use whose session is closed', timeoutMs, use(client, device))
    await pause(2)
    await closeSession()
    await running
  })

  suite.testAlone('serves one session after another, and leaves nothing open behind', async (first) => {
    // The first use loads modules, which may keep something open for good.
    await use(first.client, first.device)
    await first[Symbol.asyncDispose]()
    const leftovers = noteResources()
    for (let session = 0; session < 2; session++) {
      await using next = await suite.open()
      await use(next.client, next.device)
    }
    expect(await leftovers(timeoutMs), `open after the end of a session with a ${kind} driver`).toEqual([])
  })

  suite.testAlone(
    'blames the board or the lab while the real part is away, and comes back',
    async ({ client, device, notTested }) => {
      if (device.interrupt === undefined) notTested('create() gives no interrupt()')
      await use(client, device)
      const running = outcomeOf('a use that began before the real part went away', timeoutMs, use(client, device))
      await device.interrupt?.()
      const first = await running
      assert(!first.failed || blamesDevice(first), `an interrupted use: ${describeOutcome(first)}`)
      const away = await outcomeOf('a use without the real part', timeoutMs, use(client, device))
      const message = `a use without the real part has to fail with the origin board or lab; ${describeOutcome(away)}`
      assert(blamesDevice(away), message)
      if (device.restore === undefined) notTested('create() gives no restore()')
      await device.restore?.()
      let last = away
      const works = async () => {
        last = await outcomeOf('a use after the real part has come back', timeoutMs, use(client, device))
        return last.failed ? undefined : true
      }
      const isBack = await pollUntil(works, { firstMs: 10, maxMs: 200, timeoutMs })
      assert(isBack, `a use after the real part has come back: ${describeOutcome(last)}`)
    },
    'interrupt',
  )

  suite.test('names all mistakes of a config at once', async ({ device, notTested }) => {
    const Class = configuredClass(path, device.driver)
    const wrong = badConfig ?? makeBadConfig(Class)
    if (wrong === undefined) {
      return notTested(`${Class.name}.configRules do not tell the keys of the config; give the option badConfig`)
    }
    expect(await missedMistakes(Class, wrong)).toBeUndefined()
  })
}

/** Finds the class that the config is for: that of the driver at a path, or of the nearest one above it that has rules for a config. */
function configuredClass(path: string | undefined, root: Driver): DriverClass {
  const names = path?.split('.') ?? []
  for (let length = names.length; length > 0; length--) {
    const Class = driverAt(names.slice(0, length).join('.'), root).constructor as DriverClass
    if (Class.configRules !== undefined) return Class
  }
  return root.constructor as DriverClass
}

/** Calls a method with arguments that its types may not allow. */
async function callAny(
  client: DriverClient,
  kind: MethodKind | undefined,
  method: string,
  args: readonly unknown[],
): Promise<unknown> {
  if (kind === 'streaming') return client.streamingCall(method, ...args).next()
  return client.call(method, ...args)
}
