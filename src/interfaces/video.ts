import { byteStream, call, defineInterface } from './define.ts'

/** The state of a source of pictures. A number is null if the source does not know it. */
export interface VideoState {
  /** True while the source makes pictures. */
  readonly online: boolean
  /** Pixels. */
  readonly width: number | null
  /** Pixels. */
  readonly height: number | null
  /** Pictures in a second. */
  readonly fps: number | null
}

/** A source of pictures, such as a camera in front of a display. */
export const Video = defineInterface({
  client: 'jumpstarter_driver_video.client.VideoClient',
  methods: {
    /** One picture, a JPEG file in base64. */
    snapshot: call<() => string>({ idempotent: true }),
    state: call<() => VideoState>({ idempotent: true }),
    /** The path at which the HTTP server behind `connect` sends pictures one after another. */
    streamPath: call<() => string>({ idempotent: true }),
    /** A connection to that server. */
    connect: byteStream(),
  },
})
