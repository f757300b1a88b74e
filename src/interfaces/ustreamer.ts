import { byteStream, call, defineInterface } from './define.ts'

/** The state of the program µStreamer. */
export interface UstreamerState {
  readonly ok: boolean
  readonly result: {
    readonly encoder: { readonly type: string; readonly quality: number }
    readonly source: {
      readonly online: boolean
      /** Pictures in a second. */
      readonly desired_fps: number
      /** Pictures in a second. */
      readonly captured_fps: number
      /** Pixels. */
      readonly resolution: { readonly width: number; readonly height: number }
    }
  }
}

/** A camera that the program µStreamer works. */
export const Ustreamer = defineInterface({
  client: 'jumpstarter_driver_ustreamer.client.UStreamerClient',
  methods: {
    /** One picture, a JPEG file in base64. */
    snapshot: call<() => string>({ idempotent: true }),
    state: call<() => UstreamerState>({ idempotent: true }),
    /** A connection to µStreamer's HTTP server, which has a stream of pictures at `/stream`. */
    connect: byteStream(),
  },
})
