import { Video, type VideoState } from '../../interfaces/video.ts'
import { PictureSourceClient } from './picture-source-client.ts'

/**
 * A source of pictures, such as a camera in front of a display.
 *
 * @example
 * ```ts
 * await writeFile('display.jpg', await dut.camera.snapshot())
 * ```
 */
export class VideoClient extends PictureSourceClient<typeof Video> {
  static readonly interface = Video

  state(): Promise<VideoState> {
    return this.call('state')
  }

  /** Reads the path of the stream of pictures at the server behind {@link VideoClient.connect}. */
  streamPath(): Promise<string> {
    return this.call('streamPath')
  }

  protected override pathOfFrames(): Promise<string> {
    return this.streamPath()
  }
}
