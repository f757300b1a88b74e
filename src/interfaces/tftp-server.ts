import { call, defineInterface } from './define.ts'

/** A TFTP server that gives files to boards. Its child `storage` is the folder that it gives them from. */
export const TftpServer = defineInterface({
  client: 'jumpstarter_driver_tftp.client.TftpServerClient',
  methods: {
    /** Starting one that runs is no error. */
    start: call<() => void>({ idempotent: true }),
    stop: call<() => void>({ idempotent: true }),
    /** The address that boards reach it by. */
    getHost: call<() => string>({ idempotent: true }),
    getPort: call<() => number>({ idempotent: true }),
  },
})
