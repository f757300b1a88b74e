import { createHash, timingSafeEqual } from 'node:crypto'

import { Metadata, type ServerInterceptor, ServerInterceptingCall, status as Status } from '@grpc/grpc-js'

import { passphraseKey } from '../../protocol/endpoint.ts'

/** Refuses every call that does not carry the passphrase, in Python's words. */
export function passphraseInterceptor(passphrase: string): ServerInterceptor {
  const expected = digest(passphrase)
  return (_method, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, proceed) => {
            const [given] = metadata.get(passphraseKey)
            if (typeof given === 'string' && timingSafeEqual(digest(given), expected)) {
              proceed(metadata)
              return
            }
            const details = 'invalid or missing passphrase'
            call.sendStatus({ code: Status.UNAUTHENTICATED, details, metadata: new Metadata() })
          },
        }),
    })
}

/** Of one length, whatever the text's is. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
