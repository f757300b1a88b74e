import { call, defineInterface } from './define.ts'

/** A screen that is reached by VNC. Its child `tcp` is the connection to the server. */
export const VncServer = defineInterface({
  client: 'jumpstarter_driver_vnc.client.VNClient',
  methods: {
    /** True if viewers should encrypt the connection. */
    getDefaultEncrypt: call<() => boolean>({ idempotent: true }),
  },
})
