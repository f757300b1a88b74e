import { call, defineInterface } from './define.ts'

/** A TFTP server that serves files to boards. Its child `storage` is the served folder. */
export const TftpServer = defineInterface({
  client: 'jumpstarter_driver_tftp.client.TftpServerClient',
  methods: {
    /** The start of a running server is no error. */
    start: call<() => void>({ idempotent: true }),
    stop: call<() => void>({ idempotent: true }),
    /** The address at which boards reach the server. */
    getHost: call<() => string>({ idempotent: true }),
    getPort: call<() => number>({ idempotent: true }),
  },
})
