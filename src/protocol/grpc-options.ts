import { isRecord } from '../base/check.ts'

/**
 * Reads Jumpstarter's `grpcOptions`, for the connections to controller and router.
 *
 * @returns `undefined` for anything but an object of texts, numbers and booleans
 */
export function readGrpcOptions(value: unknown): Readonly<Record<string, string | number>> | undefined {
  if (!isRecord(value)) return undefined
  const entries = Object.entries(value)
  if (entries.some(([, option]) => !['string', 'number', 'boolean'].includes(typeof option))) return undefined
  // gRPC has no booleans in its options, but 0 and 1.
  return Object.fromEntries(
    entries.map(([key, option]) => [key, typeof option === 'boolean' ? Number(option) : (option as string | number)]),
  )
}
