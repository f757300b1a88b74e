import type { Duplex } from 'node:stream'

import type { InterfaceDefinition } from '../../interfaces/define.ts'
import { labelOf } from '../client-node.ts'
import { DriverClient } from '../driver-client.ts'
import { readPictures } from '../motion-jpeg.ts'

/** A source of pictures. */
export abstract class PictureSourceClient<I extends InterfaceDefinition> extends DriverClient<I> {
  /** Takes one picture, as a JPEG file. */
  async snapshot(): Promise<Buffer> {
    return Buffer.from((await this.plain.call('snapshot')) as string, 'base64')
  }

  /** Opens a connection to the HTTP server that sends pictures one after another. */
  connect(): Promise<Duplex> {
    return this.plain.stream('connect')
  }

  /**
   * Reads pictures, as JPEG files, as fast as the source makes them. Leaving the loop ends it.
   *
   * @throws HardwareError CALL_TIMEOUT when a picture does not come in time, CALL_FAILED when the stream breaks
   *
   * @example
   * ```ts
   * for await (const picture of dut.camera.frames()) if (await shows(picture, 'ready')) break
   * ```
   */
  async *frames(): AsyncGenerator<Buffer, void, void> {
    const path = await this.pathOfFrames()
    yield* readPictures(await this.connect(), {
      path,
      name: `${labelOf(this.node, 'camera')}.frames`,
      ...this.limits(),
    })
  }

  /** The path of the stream of pictures at the server. */
  protected abstract pathOfFrames(): Promise<string>

  /** This client as a client of any interface: the compiler does not know the methods of `I`, which every source has. */
  private get plain(): DriverClient {
    return this as DriverClient
  }
}
