import { call, defineInterface } from './define.ts'

/** The largest identifier of 11 bits. */
export const maxStandardCanId = 0x7ff
/** The largest identifier of 29 bits. */
export const maxExtendedCanId = 0x1fff_ffff
/** The numbers of bytes that a frame of CAN FD can have, by its data length code (ISO 11898-1). CAN has the first nine. */
export const canFdLengths = [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64] as const

/** A frame of a CAN bus, in the form of the wire. */
export interface CanMessage {
  /** Seconds, by the clock of the exporter's machine. */
  readonly timestamp: number
  readonly arbitration_id: number
  /** True for an identifier of 29 bits, false for one of 11. */
  readonly is_extended_id: boolean
  readonly is_remote_frame: boolean
  readonly is_error_frame: boolean
  readonly channel: number | string | null
  /** The length of the data in bytes. */
  readonly dlc: number | null
  /** In base64. */
  readonly data: string | null
  readonly is_fd: boolean
  /** False for a frame that this bus sent. */
  readonly is_rx: boolean
  readonly bitrate_switch: boolean
  readonly error_state_indicator: boolean
}

/** Lets frames pass whose identifier has the bits of `can_id` where `can_mask` has ones. */
export interface CanFilter {
  readonly can_id: number
  readonly can_mask: number
  /** True for identifiers of 29 bits only, false for 11 bits only. Both pass without it. */
  readonly extended?: boolean
}

/** A CAN bus. Times are in seconds. */
export const Can = defineInterface({
  client: 'jumpstarter_driver_can.client.CanClient',
  methods: {
    /**
     * Waits for a frame.
     *
     * @param timeout in seconds; null has no limit
     * @returns the frame, or null after the time; and if the driver has applied the filters already
     */
    receive: call<(timeout: number | null) => readonly [message: CanMessage | null, filtered: boolean]>({
      wireName: '_recv_internal',
    }),
    /** @param timeout the longest wait for room in the driver's queue, in seconds */
    send: call<(msg: CanMessage, timeout?: number | null) => void>(),
    /**
     * Sends frames again and again, one after another.
     *
     * @param period the time between two frames, in seconds
     * @param duration the time until the driver stops, in seconds; null has no limit
     * @param autostart false to wait for `startTask` (default true)
     * @param modifierCallback always null: a function cannot be sent
     * @returns the task, to start and stop it
     */
    sendPeriodic: call<
      (
        msgs: readonly CanMessage[],
        period: number,
        duration?: number | null,
        autostart?: boolean,
        modifierCallback?: null,
      ) => string
    >({ wireName: '_send_periodic_internal' }),
    startTask: call<(uuid: string) => void>({ wireName: '_start_task', idempotent: true }),
    /** Ends a task. It cannot start again. */
    stopTask: call<(uuid: string) => void>({ wireName: '_stop_task' }),
    /**
     * Reads the state of the bus, or sets it: 1 active, 2 passive, 3 error.
     *
     * @returns null after it was set
     */
    state: call<(value?: number | null) => number | null>({ idempotent: true }),
    /** 1 CAN 2.0, 2 CAN FD, 3 CAN FD before ISO, 4 CAN XL. */
    protocol: call<() => number>({ idempotent: true }),
    /** A text for people. */
    channelInfo: call<() => string>({ idempotent: true }),
    /** @param filters null lets all frames pass */
    applyFilters: call<(filters: readonly CanFilter[] | null) => void>({
      wireName: '_apply_filters',
      idempotent: true,
    }),
    /** Drops the frames that wait to be sent. */
    flushTxBuffer: call<() => void>({ idempotent: true }),
    /** Closes the bus for everybody. */
    shutdown: call<() => void>({ idempotent: true }),
  },
})
