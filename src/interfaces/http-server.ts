import { call, defineInterface } from './define.ts'

/** An HTTP server that gives files to boards. Its child `storage` is the folder that it gives them from. */
export const HttpServer = defineInterface({
  client: 'jumpstarter_driver_http.client.HttpServerClient',
  methods: {
    /** Starting one that runs is no error. */
    start: call<() => void>({ idempotent: true }),
    stop: call<() => void>({ idempotent: true }),
    /** What the URLs of its files begin with, without a slash at the end. */
    getUrl: call<() => string>({ idempotent: true }),
    /** The address that boards reach it by. */
    getHost: call<() => string>({ idempotent: true }),
    getPort: call<() => number>({ idempotent: true }),
  },
})
