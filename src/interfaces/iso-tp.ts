import { call, defineInterface } from './define.ts'

/** A message of ISO-TP, in the form of the wire. */
export interface IsoTpMessage {
  /** In base64; null if there is no message. */
  readonly data: string | null
}

/**
 * An address of ISO-TP, in the form of the wire. Modes: 0 normal with 11 bits, 1 with 29 bits, 2 normal fixed, 3 extended with 11
 * bits, 4 with 29 bits, 5 mixed with 11 bits, 6 with 29 bits.
 */
export interface IsoTpAddress {
  readonly addressing_mode: number
  readonly txid: number | null
  readonly rxid: number | null
  readonly target_address: number | null
  readonly source_address: number | null
  readonly physical_id: number | null
  readonly functional_id: number | null
  readonly address_extension: number | null
  readonly rx_only: boolean
  readonly tx_only: boolean
}

/** An ISO-TP address with one part for each direction. */
export interface IsoTpAsymmetricAddress {
  readonly tx_addr: IsoTpAddress
  readonly rx_addr: IsoTpAddress
}

/** Messages that are longer than a frame of a CAN bus (ISO 15765-2). Times are in seconds. */
export const IsoTp = defineInterface({
  client: 'jumpstarter_driver_can.client.IsoTpClient',
  methods: {
    /** Begins to listen. */
    start: call<() => void>(),
    stop: call<() => void>(),
    /**
     * Sends a message.
     *
     * @param targetAddressType 0 for one receiver, 1 for all
     * @param sendTimeout in seconds; the driver may return before the message is sent if it is missing
     */
    send: call<(msg: IsoTpMessage, targetAddressType?: number | null, sendTimeout?: number | null) => void>(),
    /**
     * Takes the oldest message that has arrived.
     *
     * @param block true to wait for a message (default false)
     * @param timeout in seconds; null has no limit
     */
    recv: call<(block?: boolean, timeout?: number | null) => IsoTpMessage>(),
    /** True if a message has arrived. */
    available: call<() => boolean>({ idempotent: true }),
    /** True while a message is being sent. */
    transmitting: call<() => boolean>({ idempotent: true }),
    setAddress: call<(address: IsoTpAddress | IsoTpAsymmetricAddress) => void>({ idempotent: true }),
    stopSending: call<() => void>({ idempotent: true }),
    stopReceiving: call<() => void>({ idempotent: true }),
  },
})
