import type { WaitOptions } from '../base/wait-options.ts'
import { HardwareError } from '../errors.ts'
import { toWireName } from '../interfaces/define.ts'
import { Shell } from '../interfaces/shell.ts'
import type { DriverClient } from './driver-client.ts'

/** A driver's method, found by its name. */
interface NamedMethod {
  readonly client: DriverClient
  /** The name of the method on the wire. */
  readonly method: string
}

/**
 * Finds a method by the names of the drivers from the root down, and its own: `board.power.off`.
 *
 * @throws HardwareError METHOD_NOT_FOUND if there is no such driver. Only the exporter knows if the driver has the method.
 */
export function findByName(root: DriverClient, target: string): NamedMethod {
  const names = target.split('.')
  const method = toWireName(names.pop() ?? '')
  let client = root
  for (const name of names) {
    const child = Object.hasOwn(client.children, name) ? client.children[name] : undefined
    if (child === undefined) {
      const known = Object.keys(client.children).join(', ') || 'none'
      const message = `${target}: there is no driver '${name}'; there are ${known}`
      throw new HardwareError('METHOD_NOT_FOUND', message, { details: { method } })
    }
    client = child
  }
  return { client, method }
}

/**
 * Calls a method by its name. Of a call with many answers, all are read.
 *
 * @throws HardwareError METHOD_NOT_FOUND, COMMAND_FAILED for a command of a Shell whose exit code is not 0, the exporter's errors
 */
export async function callByName(
  root: DriverClient,
  target: string,
  args: readonly unknown[],
  limits: WaitOptions,
): Promise<void> {
  const found = findByName(root, target)
  const client = found.client.with(limits)
  const methods = Object.entries(client.node.contract?.methods ?? {})
  const [name, definition] = methods.find(([, { wireName }]) => wireName === found.method) ?? [found.method]
  if (definition?.kind !== 'streaming') {
    try {
      await client.call(name, ...args)
      return
    } catch (error) {
      // The exporter refuses a call of the wrong kind like one of a method that it does not have.
      const mayStream = definition === undefined && error instanceof HardwareError && error.code === 'METHOD_NOT_FOUND'
      if (!mayStream) throw error
    }
  }
  let last: unknown
  for await (const record of client.streamingCall(name, ...args)) last = record
  const exitCode: unknown = client.clientPath === Shell.client && Array.isArray(last) ? last.at(-1) : 0
  if (exitCode !== 0) {
    throw new HardwareError('COMMAND_FAILED', `${target}: the command ended with exit code ${String(exitCode)}`)
  }
}
