import { call, defineInterface } from './define.ts'

/** The abilities of a control unit. */
export interface XcpConnection {
  /** Bytes. */
  readonly max_cto: number
  /** Bytes. */
  readonly max_dto: number
  readonly byte_order: string
  readonly supports_pgm: boolean
  readonly supports_stim: boolean
  readonly supports_daq: boolean
  readonly supports_calpag: boolean
  readonly protocol_layer_version: number
  readonly transport_layer_version: number
  readonly address_granularity: string
  readonly slave_block_mode: boolean
}

/** The state of a session. */
export interface XcpStatus {
  readonly session_status: Readonly<Record<string, boolean | number | string>>
  /** True for resources that are locked. */
  readonly resource_protection: Readonly<Record<string, boolean>>
}

/** The abilities of a control unit to send measurements by itself. */
export interface XcpDaqInfo {
  readonly processor: Readonly<Record<string, unknown>>
  readonly resolution: Readonly<Record<string, unknown>>
  readonly channels: readonly Readonly<Record<string, unknown>>[]
}

/** The abilities of a control unit while it is programmed. */
export interface XcpProgramInfo {
  readonly comm_mode_pgm: number
  /** Bytes. */
  readonly max_cto_pgm: number
  readonly max_bs_pgm: number
  readonly min_st_pgm: number
  readonly queue_size_pgm: number
}

/** The checksum of a piece of memory. */
export interface XcpChecksum {
  readonly checksum_type: number
  readonly checksum_value: number
}

/**
 * Measurement and calibration of a control unit (XCP). Memory is sent as a text in UTF-8: bytes that are no UTF-8 end with
 * ARGUMENT_INVALID, which is a limit of Jumpstarter's driver.
 */
export const Xcp = defineInterface({
  client: 'jumpstarter_driver_xcp.client.XcpClient',
  methods: {
    /** Begins a session. @param mode default 0: normal */
    connect: call<(mode?: number) => XcpConnection>(),
    disconnect: call<() => void>({ idempotent: true }),
    /** @param idType the kind of the name (default 1) */
    getId: call<(idType?: number) => { readonly id_type: number; readonly identifier: string }>({ idempotent: true }),
    getStatus: call<() => XcpStatus>({ idempotent: true }),
    /** Unlocks resources with the exporter's key. @returns true for those that are still locked */
    unlock: call<(resources?: readonly string[] | null) => Readonly<Record<string, boolean>>>({ idempotent: true }),
    /** Reads memory. @param length in bytes; @param ext the extension of the address (default 0) */
    upload: call<(length: number, address: number, ext?: number) => string>({ idempotent: true }),
    /** Writes memory. @param ext the extension of the address (default 0) */
    download: call<(address: number, data: string, ext?: number) => void>({ idempotent: true }),
    /** Sets the place in memory that the next call works on. */
    setMta: call<(address: number, ext?: number) => void>({ idempotent: true }),
    /** @param blockSize in bytes, from that place */
    buildChecksum: call<(blockSize: number) => XcpChecksum>(),
    getDaqInfo: call<() => XcpDaqInfo>({ idempotent: true }),
    freeDaq: call<() => void>({ idempotent: true }),
    allocDaq: call<(daqCount: number) => void>(),
    allocOdt: call<(daqListNumber: number, odtCount: number) => void>(),
    allocOdtEntry: call<(daqListNumber: number, odtNumber: number, odtEntriesCount: number) => void>(),
    setDaqPtr: call<(daqList: number, odt: number, entry: number) => void>(),
    /** Chooses a value to measure. @param size in bytes */
    writeDaq: call<(bitOffset: number, size: number, ext: number, address: number) => void>(),
    setDaqListMode: call<(mode: number, daqList: number, event: number, prescaler: number, priority: number) => void>(),
    /** @param mode 0 stop, 1 start, 2 select */
    startStopDaqList: call<(mode: number, daqList: number) => void>(),
    /** @param mode 0 stop all, 1 start selected, 2 stop selected */
    startStopSynch: call<(mode: number) => void>(),
    programStart: call<() => XcpProgramInfo>(),
    /** Erases memory. @param clearRange in bytes; @param mode default 0: by address */
    programClear: call<(clearRange: number, mode?: number) => void>(),
    /** Writes erased memory. @param blockLength in bytes (default 0) */
    program: call<(data: string, blockLength?: number) => void>(),
    programReset: call<() => void>(),
  },
})
