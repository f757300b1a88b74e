import { Ustreamer, type UstreamerState } from '../../interfaces/ustreamer.ts'
import { PictureSourceClient } from './picture-source-client.ts'

/** A camera that the program µStreamer works. Its stream of pictures is at the path `/stream`. */
export class UstreamerClient extends PictureSourceClient<typeof Ustreamer> {
  static readonly interface = Ustreamer

  state(): Promise<UstreamerState> {
    return this.call('state')
  }

  protected override async pathOfFrames(): Promise<string> {
    return '/stream'
  }
}
