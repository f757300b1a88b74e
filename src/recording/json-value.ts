import { notKept, sizeOf } from './keep-value.ts'
import type { RecordedError } from './recording-event.ts'

/** The memory that a number, or the place of a value in an object, needs, in bytes. */
const partBytes = 8
/** The largest value that is recorded, in bytes. */
const maxBytes = 1024 * 1024

/** A copy of a value as JSON. */
export interface JsonCopy {
  readonly value: unknown
  /** The approximate memory that it needs, in bytes. */
  readonly size: number
}

/** Copies a value as JSON, so that later changes of it do not matter. `{ notKept: true }` stands for one that is too large. */
export function copyAsJson(value: unknown): JsonCopy {
  if (typeof value === 'string' && value.length <= maxBytes) return { value, size: value.length }
  const size = sizeOf(value, maxBytes, partBytes)
  return size > maxBytes ? { value: toJson(notKept), size: partBytes } : { value: toJson(value), size }
}

/**
 * Converts a value to JSON. An expression becomes `{ regexp }`, bytes become `{ base64 }`, an error its facts, and
 * `{ notKept: true }` stands for what is no data.
 */
export function toJson(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : null
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
    case 'undefined':
      return null
    case 'object':
      return value === null ? null : objectToJson(value)
    default:
      return { notKept: true }
  }
}

function objectToJson(value: object): unknown {
  if (value instanceof RegExp) return { regexp: String(value) }
  if (value instanceof Error) return recordedError(value)
  if (ArrayBuffer.isView(value)) {
    return { base64: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') }
  }
  if ('toJSON' in value && typeof value.toJSON === 'function') return toJson(value.toJSON())
  if (Array.isArray(value) || value instanceof Set) return Array.from(value, toJson)
  const entries = Array.from(value instanceof Map ? value.entries() : Object.entries(value))
  return Object.fromEntries(entries.filter(([, part]) => part !== undefined).map(([key, part]) => [key, toJson(part)]))
}

/** The facts of an error. */
export function recordedError(error: unknown): RecordedError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const { code, origin } = error as Error & Readonly<Record<'code' | 'origin', unknown>>
  return {
    name: error.name,
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof origin === 'string' ? { origin } : {}),
  }
}
