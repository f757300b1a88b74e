import { assert, expect } from 'vitest'

import { pause } from '../base/pause.ts'
import { ShellClient } from '../clients/drivers/shell-client.ts'
import { Shell } from '../interfaces/shell.ts'
import { registerCommonTests } from './common-tests.ts'
import type { ConformanceOptions, CreateDriver } from './device.ts'
import { describeOutcome, failedWith, outcomeOf } from './outcome.ts'
import { Suite } from './suite.ts'

/** The time after which a command has surely begun, in milliseconds. */
const beginMs = 100

/** Options of {@link describeShell}. */
export interface ShellConformance extends ConformanceOptions<'slow'> {
  /** A command that ends at once with the exit code 0. */
  readonly command: {
    readonly name: string
    readonly args?: readonly string[]
    /** Its output. */
    readonly stdout: string
  }
  /** The name of a command that runs for a minute or more without arguments. A device without one lacks `slow`. */
  readonly slow?: string | undefined
}

/**
 * Tests a driver of the interface `Shell`: commands, their output and their end, and everything else that every driver has to stand.
 *
 * @param name the name of the driver in titles and reports
 */
export function describeShell(name: string, create: CreateDriver, options: ShellConformance): void {
  const { command, slow } = options
  const definition = {
    kind: 'shell',
    contract: Shell,
    Client: ShellClient,
    badCalls: [
      ['callMethod', 'conformance-unknown-command', {}],
      ['getMethods', 1, 2, 3],
    ],
    async use(client: ShellClient) {
      const result = await client.run(command.name, { args: command.args })
      expect(result).toEqual({ stdout: command.stdout, stderr: '', exitCode: 0 })
    },
  } as const
  const suite = new Suite<ShellClient>(definition, name, create, options)
  const { timeoutMs } = suite.options

  suite.describe(() => {
    suite.test('lists its commands', async ({ client }) => {
      expect(await client.methods()).toContain(command.name)
    })

    suite.test(
      'ends a command that is cancelled',
      async ({ client, notTested }) => {
        if (slow === undefined) return notTested('there is no option slow')
        const controller = new AbortController()
        const running = client.run(slow, { signal: controller.signal })
        const ended = outcomeOf('a cancelled command', timeoutMs, running)
        await pause(beginMs)
        controller.abort()
        const outcome = await ended
        const message = `a cancelled command has to end with CALL_CANCELLED; ${describeOutcome(outcome)}`
        assert(failedWith(outcome, 'CALL_CANCELLED'), message)
        await definition.use(client)
      },
      'slow',
    )

    suite.testAlone(
      'ends a command when the session is closed',
      async ({ client, closeSession, notTested }) => {
        if (slow === undefined) return notTested('there is no option slow')
        const ended = outcomeOf('a command whose session is closed', timeoutMs, client.run(slow))
        await pause(beginMs)
        await closeSession()
        assert((await ended).failed, 'a command whose session is closed has to fail')
      },
      'slow',
    )

    registerCommonTests(suite)
  })
}
