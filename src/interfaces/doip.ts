import { call, defineInterface } from './define.ts'

/** The state of a DoIP entity, with the codes of ISO 13400-2. */
export interface DoIpEntityStatus {
  readonly node_type: number
  readonly max_open_sockets: number
  readonly currently_open_sockets: number
  /** Bytes. */
  readonly max_data_size: number | null
}

/** The answer to a request for routing, with the codes of ISO 13400-2. */
export interface DoIpRoutingActivation {
  readonly client_logical_address: number
  readonly logical_address: number
  readonly response_code: number
  readonly vm_specific: number | null
}

/** The announcement of a vehicle. */
export interface DoIpVehicle {
  readonly vin: string
  readonly logical_address: number
  /** Identifier of the entity, in hexadecimal digits. */
  readonly eid: string
  /** Identifier of its group, in hexadecimal digits. */
  readonly gid: string
  readonly further_action: number
  readonly sync_status: number | null
}

/** A diagnostic message. */
export interface DoIpPayload {
  /** In hexadecimal digits. */
  readonly data: string
}

/** Diagnostics over Internet Protocol (ISO 13400). */
export const DoIp = defineInterface({
  client: 'jumpstarter_driver_doip.client.DoIPDriverClient',
  methods: {
    entityStatus: call<() => DoIpEntityStatus>({ idempotent: true }),
    aliveCheck: call<() => { readonly source_address: number }>({ idempotent: true }),
    diagnosticPowerMode: call<() => { readonly diagnostic_power_mode: number }>({ idempotent: true }),
    /** @param vin the vehicle to ask; @param eid the entity to ask (default: all) */
    requestVehicleIdentification: call<(vin?: string | null, eid?: string | null) => DoIpVehicle>({
      idempotent: true,
    }),
    routingActivation: call<(activationType?: number) => DoIpRoutingActivation>(),
    sendDiagnostic: call<(payload: DoIpPayload) => void>(),
    /** @param timeout in seconds (default 2) */
    receiveDiagnostic: call<(timeout?: number) => DoIpPayload>(),
    /** Connects again, as after a reset. @param closeDelay the time between the connections in seconds (default 2) */
    reconnect: call<(closeDelay?: number) => void>(),
    closeConnection: call<() => void>({ idempotent: true }),
  },
})
