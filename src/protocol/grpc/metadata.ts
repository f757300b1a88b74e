import type { Metadata } from '@grpc/grpc-js'

import { HardwareError } from '../../errors.ts'

/**
 * Sets an entry of metadata. gRPC throws on texts that are not printable ASCII, and repeats them in its error.
 *
 * @throws HardwareError ARGUMENT_INVALID with the key, and without the text, which may be a secret
 */
export function setMetadata(metadata: Metadata, key: string, text: string): void {
  if (!/^[ -~]*$/.test(text)) {
    const message = `The value of '${key}' cannot be sent: it has characters that are not printable ASCII`
    throw new HardwareError('ARGUMENT_INVALID', message, { origin: 'plugin' })
  }
  metadata.set(key, text)
}

/** Encodes a value as JSON in printable ASCII, for an entry of metadata. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(/[^ -~]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
