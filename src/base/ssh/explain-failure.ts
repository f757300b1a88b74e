import { HardwareError, messageOf } from '../../errors.ts'
import type { SshCredentials } from './ssh-credentials.ts'

/** Makes the error of a host that cannot be reached. A board is not to blame for that. */
export function explainUnreachable(name: string, error: unknown): HardwareError {
  if (error instanceof HardwareError && error.origin !== 'board') return error
  const { code, details } = error instanceof HardwareError ? error : { code: 'DEVICE_IO' as const, details: {} }
  return new HardwareError(code, `Cannot reach ${name}: ${messageOf(error)}`, {
    cause: error,
    origin: 'lab',
    details: { ...details, isAway: true },
  })
}

/** Makes the error of a login or a connection that has failed. */
export function explainFailure(
  name: string,
  error: Error & { readonly level?: string },
  credentials: SshCredentials,
): HardwareError {
  if (error instanceof HardwareError) return error
  if (error.level === 'client-authentication') {
    const { username, privateKey, password } = credentials
    const tried = [privateKey === undefined ? '' : 'a private key', password === undefined ? '' : 'a password']
    const means = tried.filter(Boolean).join(' and ') || 'neither a private key nor a password'
    const message = `${name} refuses the user ${username} with ${means}`
    return new HardwareError('UNAUTHENTICATED', message, { cause: error })
  }
  return new HardwareError('DEVICE_IO', `${name}: ${messageOf(error)}`, { cause: error })
}

/** Makes the error of a host with another key than the known one. */
export function hostKeyError(name: string, key: { readonly found: string; readonly expected: string }): HardwareError {
  const message =
    `${name} has the host key ${key.found}, and ${key.expected} is expected: ` +
    'it was set up anew, it has several keys and this is the preferred one, or another machine answers'
  return new HardwareError('UNAUTHENTICATED', message)
}
