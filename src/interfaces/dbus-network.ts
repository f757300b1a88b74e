import { byteStream, defineInterface } from './define.ts'

/** The label with the kind of a bus: `system` or `session`. */
export const busKindLabel = 'jumpstarter.dev/dbusnetwork/kind'

/** A bus of D-Bus on the exporter's machine. The label {@link busKindLabel} has its kind. */
export const DbusNetwork = defineInterface({
  client: 'jumpstarter_driver_network.client.DbusNetworkClient',
  methods: {
    /** A connection to the bus, in its protocol. */
    connect: byteStream(),
  },
})
