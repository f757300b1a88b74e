import { fileURLToPath } from 'node:url'

import type { Metadata } from '@grpc/grpc-js'

import { isRecord } from '../base/check.ts'
import { cutText } from '../base/cut-text.ts'
import { withoutUndefined } from '../base/without-undefined.ts'
import { type ErrorCode, errorCodes, type ErrorOrigin, HardwareError, messageOf, stackOf } from '../errors.ts'

/** The trailing metadata with the facts of an error that a status cannot carry. Only exporters of this package send it. */
const errorMetadata = 'vitest-hardware-error-bin'

/** gRPC's C++ core refuses metadata above 8 KiB by default; the message of the error has most of that. */
const maxNameLength = 100
const maxStackLength = 800
const maxMethods = 30
const maxCauseLength = 300

/** The longest chain of an error and its causes that is read. */
const maxCauses = 5

/** The facts of an error at the exporter. */
export interface ErrorFacts {
  /** The name of the error's class. */
  readonly name: string
  readonly code?: ErrorCode | undefined
  readonly origin?: ErrorOrigin | undefined
  /** The lines of the driver in the error's stack. */
  readonly stack?: string | undefined
  /** The methods that the driver has, when it lacks the one that was called. */
  readonly methods?: readonly string[] | undefined
  /** True if the device may come back. */
  readonly isAway?: true | undefined
  /** The ids of the board that had to be there, and of the one that was. */
  readonly expected?: string | undefined
  readonly found?: string | undefined
  /** The error that made this one happen. */
  readonly cause?: CauseFacts | undefined
}

/** The facts of the cause of an error at the exporter. */
interface CauseFacts {
  readonly name: string
  readonly message: string
  /** The system's code, such as `ECONNREFUSED`, or another one. */
  readonly code?: string | undefined
}

/** An error of the other side: the name of its class, its message, and the stack if the exporter sends it. */
export class RemoteError extends Error {
  override readonly name: string

  constructor({ name, stack = '    at the exporter', cause }: ErrorFacts, message: string) {
    super(message, cause && { cause: Object.assign(new Error(cause.message), cause, { stack: cause.message }) })
    this.name = name
    this.stack = `${name}: ${message}\n${stack}`
  }
}

/** The facts of an error that a driver throws, without its stack. */
export function errorFactsOf(error: unknown): ErrorFacts {
  const name = cutText(classNameOf(error), maxNameLength)
  const cause = causeFactsOf(error)
  if (!(error instanceof HardwareError)) return { name, cause }
  const { code, origin, details } = error
  const { isAway } = details
  const [expected, found] = [details.expected, details.found].map((id) => id && cutText(id, maxNameLength))
  return { name, code, origin, methods: details.methods?.slice(0, maxMethods), isAway, expected, found, cause }
}

function causeFactsOf(error: unknown): CauseFacts | undefined {
  const [, cause] = withCauses(error)
  if (cause === undefined) return undefined
  const code: unknown = 'code' in cause ? cause.code : undefined
  return {
    name: cutText(classNameOf(cause), maxNameLength),
    message: cutText(messageOf(cause), maxCauseLength),
    code: typeof code === 'string' ? cutText(code, maxNameLength) : undefined,
  }
}

/** The error and the errors that made it happen, as far as they are errors. Of several causes at once, the first. */
export function withCauses(error: unknown): Error[] {
  const chain: Error[] = []
  for (let next = error; next instanceof Error && chain.length < maxCauses;) {
    chain.push(next)
    next = next instanceof AggregateError ? (next.errors as unknown[])[0] : next.cause
  }
  return chain
}

/** The message of an error, with those of its causes that it does not have itself: `fetch failed: connect ECONNREFUSED …`. */
export function messageWithCauses(error: unknown): string {
  const [, ...causes] = withCauses(error)
  return causes.map(messageOf).reduce((text, cause) => {
    return text.includes(cause) ? text : [text, cause].filter(Boolean).join(': ')
  }, messageOf(error))
}

/** Files whose code calls drivers; their lines in a stack tell an author nothing. */
const ownFolders = ['../runtime/', '../protocol/'].map((path) => fileURLToPath(new URL(path, import.meta.url)))

/** The lines of a stack with the code of the driver; `undefined` if there are none. */
export function driverStackOf(error: unknown): string | undefined {
  const lines = stackOf(error)
    .split('\n')
    .filter((line) => {
      return /^ {4}at /.test(line) && !line.includes('node:') && !ownFolders.some((folder) => line.includes(folder))
    })
  let length = 0
  const shown = lines.filter((line) => (length += line.length + 1) <= maxStackLength)
  return shown.length === 0 ? undefined : shown.join('\n')
}

/** Adds the facts of an error to the metadata of a status. */
export function writeErrorFacts(metadata: Metadata, facts: ErrorFacts): void {
  metadata.set(errorMetadata, Buffer.from(JSON.stringify(facts)))
}

/** Reads the facts of an error; `undefined` for errors of other exporters. */
export function readErrorFacts(metadata: Metadata | undefined): ErrorFacts | undefined {
  const bytes = metadata?.get(errorMetadata)[0]
  if (bytes === undefined) return undefined
  try {
    const facts = JSON.parse(bytes.toString()) as Record<string, unknown>
    const { name, code, origin, stack, methods, isAway, expected, found, cause } = facts
    return {
      name: typeof name === 'string' ? name : 'Error',
      ...withoutUndefined({
        code: typeof code === 'string' && Object.hasOwn(errorCodes, code) ? (code as ErrorCode) : undefined,
        origin: origins.has(origin as ErrorOrigin) ? (origin as ErrorOrigin) : undefined,
        stack: typeof stack === 'string' ? stack : undefined,
        methods: Array.isArray(methods) ? methods.filter((method) => typeof method === 'string') : undefined,
        isAway: isAway === true ? isAway : undefined,
        expected: typeof expected === 'string' ? expected : undefined,
        found: typeof found === 'string' ? found : undefined,
        cause: readCause(cause),
      }),
    }
  } catch {
    return undefined
  }
}

function readCause(cause: unknown): CauseFacts | undefined {
  if (!isRecord(cause) || typeof cause['message'] !== 'string') return undefined
  const { name, message, code } = cause
  return {
    name: typeof name === 'string' ? name : 'Error',
    message,
    ...withoutUndefined({ code: typeof code === 'string' ? code : undefined }),
  }
}

const origins: ReadonlySet<ErrorOrigin> = new Set<ErrorOrigin>(['test', 'firmware', 'board', 'lab', 'wire', 'plugin'])

function classNameOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const name: unknown = (error.constructor as { readonly name?: unknown } | undefined)?.name
  return typeof name === 'string' && name !== '' ? name : 'Error'
}
