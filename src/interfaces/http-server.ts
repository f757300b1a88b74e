import { call, defineInterface } from './define.ts'

/** An HTTP server that serves files to boards. Its child `storage` is the served folder. */
export const HttpServer = defineInterface({
  client: 'jumpstarter_driver_http.client.HttpServerClient',
  methods: {
    /** The start of a running server is no error. */
    start: call<() => void>({ idempotent: true }),
    stop: call<() => void>({ idempotent: true }),
    /** The beginning of the URLs of the files, without a slash at the end. */
    getUrl: call<() => string>({ idempotent: true }),
    /** The address at which boards reach the server. */
    getHost: call<() => string>({ idempotent: true }),
    getPort: call<() => number>({ idempotent: true }),
  },
})
