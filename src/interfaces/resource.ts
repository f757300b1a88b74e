/** A handle that stands for a file among the arguments of a method. A client's `resource()` makes it, and a driver's `resource()` opens it. */
export interface ResourceHandle {
  readonly kind: 'client_stream' | 'presigned_request'
}
