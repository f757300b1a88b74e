import { subscribe } from 'node:diagnostics_channel'
import { constants, type Http2Session, type Http2Stream } from 'node:http2'
import { call, defineInterface, Driver, type Implementation } from 'vitest-hardware'

export const Cuts = defineInterface({
  client: 'test.CutsClient',
  methods: { cut: call<() => void>() },
})

/** Ends every connection of its exporter, as Node's server does with a client that resets too many streams. */
export class Cutter extends Driver implements Implementation<typeof Cuts> {
  static readonly interface = Cuts
  readonly #sessions = new Set<Http2Session>()

  constructor() {
    super()
    subscribe('http2.server.stream.created', (message) => {
      const { session } = (message as { readonly stream: Http2Stream }).stream
      if (session !== undefined) this.#sessions.add(session)
    })
  }

  cut() {
    for (const session of this.#sessions)
      session.destroy(new Error('too many resets'), constants.NGHTTP2_ENHANCE_YOUR_CALM)
    this.#sessions.clear()
  }
}
