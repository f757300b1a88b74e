import { createHash } from 'node:crypto'

import { ruleFor } from '../check.ts'

/** A rule for the fingerprint of a host key. */
export const fingerprintRule = ruleFor(
  'the fingerprint that `ssh-keygen -l` prints, SHA256: and 43 characters',
  (value) => typeof value === 'string' && /^SHA256:[A-Za-z\d+/]{43}$/.test(value),
)

/** The fingerprint of a public key, as `ssh-keygen -l` prints it: `SHA256:` and base64 without padding. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

/** The kind of a public key, such as `ssh-ed25519`: the first string of its encoding (RFC 4253, 6.6). */
export function kindOf(key: Buffer): string {
  const length = key.length < 4 ? 0 : key.readUInt32BE(0)
  return key.toString('latin1', 4, 4 + Math.min(length, 64))
}
