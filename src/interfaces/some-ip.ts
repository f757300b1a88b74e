import { call, defineInterface } from './define.ts'

/** The content of a message. */
export interface SomeIpPayload {
  /** In hexadecimal digits. */
  readonly data: string
}

/** A message of SOME/IP, with the codes of its standard. */
export interface SomeIpMessage {
  readonly service_id: number
  readonly method_id: number
  readonly client_id: number
  readonly session_id: number
  readonly protocol_version: number
  readonly interface_version: number
  readonly message_type: number
  readonly return_code: number
  /** In hexadecimal digits. */
  readonly payload: string
}

/** A service that was found. */
export interface SomeIpService {
  readonly service_id: number
  readonly instance_id: number
  readonly major_version: number
  readonly minor_version: number
}

/** An event of a service. */
export interface SomeIpEvent {
  readonly service_id: number
  readonly event_id: number
  /** In hexadecimal digits. */
  readonly payload: string
}

/** A client of services in a vehicle (SOME/IP). Times are in seconds. */
export const SomeIp = defineInterface({
  client: 'jumpstarter_driver_someip.client.SomeIpDriverClient',
  methods: {
    start: call<() => void>({ idempotent: true }),
    /** Calls a method and waits for its answer. @param timeout default 5 */
    rpcCall: call<(serviceId: number, methodId: number, payload: SomeIpPayload, timeout?: number) => SomeIpMessage>(),
    sendMessage: call<(serviceId: number, methodId: number, payload: SomeIpPayload) => void>(),
    /** @param timeout default 2 */
    receiveMessage: call<(timeout?: number) => SomeIpMessage>(),
    /** @param instanceId default 0xffff: any; @param timeout default 5 */
    findService: call<(serviceId: number, instanceId?: number, timeout?: number) => readonly SomeIpService[]>({
      idempotent: true,
    }),
    subscribeEventgroup: call<(eventgroupId: number) => void>({ idempotent: true }),
    unsubscribeEventgroup: call<(eventgroupId: number) => void>({ idempotent: true }),
    /** @param timeout default 5 */
    receiveEvent: call<(timeout?: number) => SomeIpEvent>(),
    closeConnection: call<() => void>({ idempotent: true }),
    reconnect: call<() => void>(),
  },
})
