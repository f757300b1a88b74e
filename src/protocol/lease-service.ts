import { type MethodDefinition, status as Status } from '@grpc/grpc-js'

/** The status with which an exporter ends a lease in order whose devices it could not make safe; the reason is its details. */
export const unsafeStatus = Status.ABORTED

/** The metadata with which the calls of a lease carry its key. */
export const leaseKeyName = 'x-vitest-hardware-lease'

const toBytes = (message: unknown) => Buffer.from(JSON.stringify(message))
const fromBytes = (bytes: Buffer): unknown => JSON.parse(bytes.toString())

/**
 * The service with which an exporter of this package gives leases, beside those of Jumpstarter. A lease is a call: it ends when
 * the call ends, for any reason. Other exporters answer UNIMPLEMENTED.
 */
export const leaseService = {
  take: {
    path: '/vitest_hardware.v1.LeaseService/Take',
    requestStream: true,
    responseStream: true,
    requestSerialize: toBytes,
    requestDeserialize: fromBytes,
    responseSerialize: toBytes,
    responseDeserialize: fromBytes,
  },
} as const satisfies Record<string, MethodDefinition<unknown, unknown>>
