import { byteStream, defineInterface } from './define.ts'

/** A bus of D-Bus on the exporter's machine. The label `jumpstarter.dev/dbusnetwork/kind` is `system` or `session`. */
export const DbusNetwork = defineInterface({
  client: 'jumpstarter_driver_network.client.DbusNetworkClient',
  methods: {
    /** A connection to the bus, in its protocol. */
    connect: byteStream(),
  },
})
