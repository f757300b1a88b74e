import { hostname } from 'node:os'

import type { WaitOptions } from '../base/wait-options.ts'
import type { LogLevel } from '../base/log-level.ts'
import { connect, createChannel } from '../clients/connect.ts'
import { followLog } from '../clients/follow-log.ts'
import { HardwareError } from '../errors.ts'
import { parseAddress } from '../protocol/address.ts'
import type { Endpoint } from '../protocol/endpoint.ts'
import type { TakenLease } from '../protocol/grpc/take-lease.ts'
import { nameLabel } from '../protocol/labels.ts'
import { callSafe, callSafeTimeoutMs, findSafeMistakes, type SafeCall } from './call-safe.ts'
import type { LeaseEvent } from './lease-event.ts'
import { directReconnectMs, type LeasableExporter, type Lease, type ReserveOptions } from './lease.ts'
import { thisProcess } from './machine-lock/exporter-lock.ts'

/** The longest time that the end of a lease takes, in milliseconds: its own calls, and those of the exporter. */
const releaseTimeoutMs = 2 * callSafeTimeoutMs + 12_000

/** Options of {@link DirectExporter.connect}. */
export interface DirectExporterOptions extends WaitOptions {
  /** The name for messages. */
  readonly name: string
  readonly endpoint: Endpoint
  /** Labels for selectors, in addition to those that the exporter reports. */
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** True to take a lease if the exporter gives leases (default), false if others use the same endpoint without its key. */
  readonly takesLease?: boolean | undefined
  /** The calls that leave its devices safe, at the end of each lease; for exporters that make none themselves, as Python's. */
  readonly safe?: readonly SafeCall[] | undefined
  /** True if other runs may know the exporter, so that one without leases is worth a warning (default false). */
  readonly shared?: boolean | undefined
  /** The mildest lines of the exporter's log that are emitted during a lease (default `off`). */
  readonly logLevel?: LogLevel | undefined
  /** Receives the output of a hook that the exporter runs when the run connects, warnings, and the log. */
  readonly emit?: ((event: LeaseEvent) => void) | undefined
}

/**
 * An exporter that runs already. Its drivers live as long as the exporter. If it is one of this package that listens, its lease
 * keeps other clients away; else the lease keeps away only the other files of the same run.
 */
export class DirectExporter implements LeasableExporter {
  readonly name: string
  readonly labels: Readonly<Record<string, string>> | undefined
  readonly local = false
  /** The same for all clients of an exporter that gives leases, whatever address they use. */
  readonly order: string
  readonly #options: DirectExporterOptions
  #taken: TakenLease | undefined
  /** False for an exporter that has no leases. */
  #takesLease: boolean

  /**
   * Connects once, to read the exporter's labels.
   *
   * @throws HardwareError CONNECTION_FAILED when nobody answers there, and the other errors of `connect`
   */
  static async connect(options: DirectExporterOptions): Promise<DirectExporter> {
    const { endpoint, signal, timeoutMs } = options
    const print = printer(options)
    const { address, ...security } = endpoint
    const connection = await connect(address, { ...security, signal, timeoutMs, print })
    connection.close()
    const mistakes = findSafeMistakes(connection, options.safe ?? [])
    if (mistakes.length > 0) {
      const message = `Exporter ${options.name} has other drivers than its options name: ${mistakes.join('; ')}`
      throw new HardwareError('PLUGIN_OPTIONS_INVALID', message, { details: { exporter: options.name } })
    }
    const { uuid, labels } = connection.report
    return new DirectExporter(options, uuid, { ...labels, ...options.labels })
  }

  private constructor(options: DirectExporterOptions, uuid: string, labels: Readonly<Record<string, string>>) {
    this.name = options.name
    this.order = uuid
    this.#options = options
    this.#takesLease = options.takesLease ?? true
    // A name alone is no label that a selector asks for.
    this.labels = Object.keys(labels).some((key) => key !== nameLabel) ? labels : undefined
  }

  async reserve({ signal, file, waiting }: ReserveOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    const { name, endpoint, shared, safe, emit } = this.#options
    // Behind tunnels is the exporter of a lease that a controller has given.
    if (!this.#takesLease || endpoint.tunnels === true) return
    if (this.#taken !== undefined && !this.#taken.lost.aborted) return
    const { takeLease } = await import('../protocol/grpc/take-lease.ts')
    const { address, ...security } = endpoint
    this.#taken = await takeLease(parseAddress(address), {
      endpoint: security,
      client: { ...thisProcess(), host: hostname(), file },
      waiting: (process) => waiting?.({ type: 'process', process }),
      signal,
    })
    if (this.#taken !== undefined) return
    this.#takesLease = false
    if (shared !== true) return
    const message = 'it gives no leases, as exporters of Python, so other runs can use it at the same time'
    const end =
      safe === undefined
        ? '. Tests leave its board as it is: list the calls that make it safe as `safe` in its options'
        : ''
    emit?.({ type: 'exporterWarning', exporter: name, message: message + end })
  }

  /** @throws HardwareError CLEANUP_FAILED when the exporter could not make its devices safe */
  async free(): Promise<void> {
    const taken = this.#taken
    this.#taken = undefined
    await taken?.release()
  }

  async lease(): Promise<Lease> {
    const stopLog = await this.#followLog()
    const endpoint = { reconnectTimeoutMs: directReconnectMs, ...this.#options.endpoint, leaseKey: this.#taken?.key }
    return {
      endpoint,
      releaseTimeoutMs,
      lost: this.#taken?.lost ?? new AbortController().signal,
      activity: async () => undefined,
      // The exporter makes its devices safe when its lease ends, so a lease of it is not kept for the next file.
      release: async () => {
        try {
          await this.#makeSafe(endpoint)
        } finally {
          await this.free().finally(stopLog)
        }
      },
    }
  }

  async close(): Promise<void> {
    await this.free()
  }

  /** Makes the calls of the options, unless the lease is lost: then the exporter has made its devices safe. */
  async #makeSafe(endpoint: Endpoint): Promise<void> {
    const { safe } = this.#options
    if (safe !== undefined && this.#taken?.lost.aborted !== true) await callSafe(endpoint, safe)
  }

  /** @returns a function that ends it */
  async #followLog(): Promise<() => void> {
    const { logLevel = 'off' } = this.#options
    if (logLevel === 'off') return () => undefined
    const { address, ...security } = this.#options.endpoint
    const channel = await createChannel(address, { ...security, leaseKey: this.#taken?.key })
    await followLog(channel, { level: logLevel, print: printer(this.#options) })
    return () => channel.close()
  }
}

function printer({ name, emit }: DirectExporterOptions): (line: string) => void {
  return (line) => emit?.({ type: 'exporterOutput', exporter: name, line })
}
