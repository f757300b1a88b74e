import { createHash, timingSafeEqual } from 'node:crypto'

import { Metadata, type ServerInterceptor, ServerInterceptingCall, status as Status } from '@grpc/grpc-js'

import { passphraseKey } from '../../protocol/endpoint.ts'
import { FailedAttempts } from './failed-attempts.ts'

/**
 * Refuses every call without the passphrase, with the message of Jumpstarter's exporter. Addresses that send many wrong ones are
 * slowed down; see {@link FailedAttempts}.
 *
 * @param print receives a line for each refused passphrase, with the address of the client
 */
export function passphraseInterceptor(passphrase: string, print: (line: string) => void): ServerInterceptor {
  const expected = digest(passphrase)
  const attempts = new FailedAttempts()
  return (_method, call) => {
    const refuse = (details: string) =>
      call.sendStatus({ code: Status.UNAUTHENTICATED, details, metadata: new Metadata() })
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, proceed) => {
            const peer = call.getPeer()
            if (!attempts.mayTry(peer)) {
              refuse('invalid or missing passphrase, too often from this address; try again in some seconds')
              return
            }
            const [given] = metadata.get(passphraseKey)
            if (typeof given === 'string' && timingSafeEqual(digest(given), expected)) {
              attempts.succeeded(peer)
              proceed(metadata)
              return
            }
            const skipped = attempts.failed(peer)
            const more = skipped === 0 ? '' : `, and ${skipped} more calls since the last line`
            print(`refused ${peer}: authentication failed: invalid or missing passphrase${more}`)
            refuse('invalid or missing passphrase')
          },
        }),
    })
  }
}

/** Digests have the same length for all texts, as `timingSafeEqual` needs. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
