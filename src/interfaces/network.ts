import { byteStream, call, defineInterface } from './define.ts'

/** A network endpoint that the exporter can reach. */
export const Network = defineInterface({
  client: 'jumpstarter_driver_network.client.NetworkClient',
  methods: {
    /** A connection to the endpoint; for UDP, one chunk is one datagram. */
    connect: byteStream(),
    /** The address of the endpoint as a URL: `tcp://192.0.2.1:22`. Endpoints without such an address do not have this method. */
    address: call<() => string>({ idempotent: true }),
  },
})
