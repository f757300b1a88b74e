import { once } from 'node:events'
import { addAbortSignal, type Duplex } from 'node:stream'

import { connect, type Connection } from '../../clients/connect.ts'
import { followLog } from '../../clients/follow-log.ts'
import type { DriverClient } from '../../clients/driver-client.ts'
import { formatTree } from '../../clients/client-tree.ts'
import { HardwareError } from '../../errors.ts'
import { type MethodKind, toWireName } from '../../interfaces/define.ts'
import { readEndpoint } from '../endpoint.ts'
import { type ExporterArguments, type LogArguments, logLevelOf } from '../options.ts'
import { UsageError } from '../usage-error.ts'

/** The options of `vitest-hardware call`. */
export interface CallArguments extends ExporterArguments, LogArguments {
  /** In seconds. */
  readonly timeout?: string
}

/**
 * Calls a method of any driver and prints its answer as JSON: one line for a call, a line for each record of a streaming
 * call. A byte stream is connected to standard input and output.
 *
 * @param target names from the root down and the method, joined by dots: `board.power.on`
 * @param args each JSON, or a text where it is not JSON
 */
export async function callMethod(target: string, args: readonly string[], options: CallArguments): Promise<void> {
  const level = logLevelOf(options)
  const { endpoint } = await readEndpoint(options)
  const { address, ...security } = endpoint
  const signal = abortOnEndOfUse()
  const limits = { signal, timeoutMs: options.timeout === undefined ? undefined : readSeconds(options.timeout) }
  let connection: Connection | undefined
  let stopLog: (() => Promise<void>) | undefined
  const print = (line: string) => console.error(line)
  try {
    connection = await connect(address, { ...security, signal, print })
    const { channel } = connection
    stopLog = await followLog(channel, { level, past: options.log, print })
    const names = target.split('.')
    const method = names.pop() ?? ''
    const client = find(connection.root, names, target).with(limits)
    await call(client, method, args.map(readArgument), signal)
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    if (!signal.aborted) await stopLog?.()
    connection?.close()
  }
}

/** @returns a signal that is aborted by Ctrl-C, and when the reader of the output has gone, as with `| head` */
function abortOnEndOfUse(): AbortSignal {
  const end = new AbortController()
  process.once('SIGINT', () => {
    process.exitCode = 130
    end.abort(new Error('interrupted'))
  })
  process.stdout.on('error', (error) => end.abort(error))
  return end.signal
}

function find(root: DriverClient, names: readonly string[], target: string): DriverClient {
  let client = root
  for (const name of names) {
    const child = Object.hasOwn(client.children, name) ? client.children[name] : undefined
    if (child === undefined) {
      throw new UsageError([`${target}: there is no driver '${name}'. There are:\n${formatTree(root)}`])
    }
    client = child
  }
  return client
}

async function call(client: DriverClient, given: string, args: readonly unknown[], signal: AbortSignal): Promise<void> {
  const methods = client.node.contract?.methods ?? {}
  const wireName = toWireName(given).replaceAll('-', '_')
  const [name, definition] = Object.entries(methods).find(([, method]) => method.wireName === wireName) ?? [wireName]
  if (definition !== undefined) return callAs(definition.kind, client, name, args, signal)
  // The interface is not known here. The exporter refuses a call of the wrong kind like a call of a method that it does not have.
  let refusal: unknown
  for (const kind of ['call', 'streaming', 'byteStream'] as const) {
    try {
      return await callAs(kind, client, name, args, signal)
    } catch (error) {
      if (!isMethodNotFound(error)) throw error
      refusal ??= error
    }
  }
  throw explain(refusal, Object.keys(methods))
}

function isMethodNotFound(error: unknown): error is HardwareError {
  return error instanceof HardwareError && error.code === 'METHOD_NOT_FOUND'
}

function explain(error: unknown, known: readonly string[]): unknown {
  // Exporters of this package list the methods themselves.
  if (known.length === 0 || !isMethodNotFound(error) || error.details.methods !== undefined) return error
  return new HardwareError(error.code, `${error.message}; there are ${known.join(', ')}`, {
    cause: error,
    details: error.details,
  })
}

async function callAs(
  kind: MethodKind,
  client: DriverClient,
  name: string,
  args: readonly unknown[],
  signal: AbortSignal,
): Promise<void> {
  switch (kind) {
    case 'call':
      printResult(await client.call(name, ...args))
      return
    case 'streaming':
      for await (const record of client.streamingCall(name, ...args)) printResult(record)
      return
    case 'byteStream':
      await connectStandardStreams(addAbortSignal(signal, await client.stream(name)))
  }
}

/** Copies from and to the standard streams until the device ends the stream, or the stream is destroyed. */
async function connectStandardStreams(stream: Duplex): Promise<void> {
  process.stdin.pipe(stream)
  stream.pipe(process.stdout, { end: false })
  try {
    await once(stream, 'end')
  } finally {
    process.stdin.unpipe(stream).destroy()
  }
}

function printResult(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value ?? null)}\n`)
}

function readArgument(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function readSeconds(text: string): number {
  const seconds = Number(text)
  if (seconds > 0 && seconds <= 86_400) return seconds * 1000
  throw new UsageError([`--timeout is '${text}'; it has to be a number of seconds, at most 86400`])
}
