import type { EventEmitter } from 'node:events'

/** A byte stream to the driver, as a measurement needs it. */
export interface BenchStream {
  /** A stream of Node's; emits `drain`, `data` and `end`. */
  readonly stream: EventEmitter & { write(frame: unknown): boolean; end(): unknown }
  /** The value to write for a chunk. */
  readonly frame: (chunk: Buffer) => unknown
  /** The bytes of what it emits as `data`. */
  readonly bytes: (data: unknown) => Uint8Array
}

/** A connection to the driver of the benchmark. */
export interface BenchPeer {
  call(method: string, args: readonly (string | number)[]): Promise<unknown>
  /** @returns the index of each record */
  records(count: number): AsyncIterable<number>
  open(method: string): Promise<BenchStream>
  close(): void
}

/** Makes connections to an exporter at a unix socket's path. */
export type ConnectPeer = (address: string) => Promise<BenchPeer>
