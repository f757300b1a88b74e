/** What stands for a file among a method's arguments: a client's `resource()` makes one, a driver's reads it. */
export interface ResourceHandle {
  readonly kind: 'client_stream' | 'presigned_request'
}
