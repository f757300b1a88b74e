import { type Metadata, type ServiceError, status as Status } from '@grpc/grpc-js'

import type { Tokens } from './tokens.ts'

/** What kinds of objects call a controller. */
export type Kind = 'Client' | 'Exporter'

/** A status of gRPC with a text, to be thrown or answered. */
export function failure(code: Status, details: string): Partial<ServiceError> & Error {
  return Object.assign(new Error(details), { code, details })
}

/** Whom the controller knows. */
export interface KnownObjects {
  readonly namespace: string
  readonly tokens: Tokens
  readonly names: Readonly<Record<Kind, ReadonlySet<string>>>
  /** A controller that has just started refuses every token; in milliseconds since 1970. */
  refusesTokensUntil: number
  /** The number of calls that it refuses for that reason whatever the time. */
  refusesTokensTimes: number
}

/** Whom a token is made for. */
export function subjectOf(kind: Kind, namespace: string, name: string): string {
  return `${kind.toLowerCase()}:${namespace}:${name}`
}

/** The token of a call; there is to be exactly one. */
export function bearerToken(metadata: Metadata): string | undefined {
  const [authorization, ...others] = metadata.get('authorization').map(String)
  return others.length > 0 ? undefined : /^Bearer (.+)$/.exec(authorization ?? '')?.[1]
}

/**
 * Checks who makes a call, with the loose codes of the real controller: a token that is refused is UNKNOWN.
 *
 * @returns the name of the caller
 */
export function authenticate(metadata: Metadata, wanted: Kind, known: KnownObjects): string {
  const single = (key: string) => metadata.get(`jumpstarter-${key}`).map(String)[0] ?? ''
  const [kind, namespace, name] = [single('kind'), single('namespace'), single('name')]
  if (kind === '') throw failure(Status.INVALID_ARGUMENT, 'missing metadata: jumpstarter-kind')
  if (kind !== wanted) throw failure(Status.INVALID_ARGUMENT, 'object kind mismatch')
  // A controller listens before it has read the keys of its tokens.
  if (known.refusesTokensTimes-- > 0 || Date.now() < known.refusesTokensUntil) {
    throw failure(Status.UNKNOWN, 'oidc: authenticator not initialized')
  }
  let subject: string
  try {
    subject = known.tokens.check(bearerToken(metadata) ?? '')
  } catch (error) {
    throw failure(Status.UNKNOWN, `failed to authenticate token: ${(error as Error).message}`)
  }
  if (namespace !== known.namespace) throw failure(Status.PERMISSION_DENIED, 'namespace mismatch')
  if (!known.names[wanted].has(name)) {
    throw failure(Status.UNKNOWN, `${wanted.toLowerCase()}s.jumpstarter.dev "${name}" not found`)
  }
  if (subject !== subjectOf(wanted, namespace, name)) throw failure(Status.PERMISSION_DENIED, 'permission denied')
  return name
}
