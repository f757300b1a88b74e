import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Duplex, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { createPrivateFolder, type PrivateFolder } from '../../base/private-folder.ts'
import { callSignal } from '../../runtime/call.ts'

/** Images in a folder that only this user can enter. An image can have any name, because no file gets that name. */
export class ImageFolder {
  readonly #files = new Map<string, string>()
  #folder: Promise<PrivateFolder> | undefined
  #next = 0

  /** Keeps an image. An image that does not arrive completely is dropped, and the earlier image of that name stays. */
  async write(name: string, content: Readable): Promise<void> {
    this.#folder ??= createPrivateFolder()
    const file = join((await this.#folder).path, String(this.#next++))
    const signal = callSignal()
    try {
      await pipeline(content, createWriteStream(file), { signal })
      signal.throwIfAborted()
    } catch (error) {
      await rm(file, { force: true })
      throw error
    }
    const before = this.#files.get(name)
    this.#files.set(name, file)
    if (before !== undefined) await rm(before, { force: true })
  }

  /** Opens the content of an image; `undefined` if no image has that name. */
  read(name: string): Readable | undefined {
    const file = this.#files.get(name)
    return file === undefined ? undefined : createReadStream(file)
  }

  get names(): string[] {
    return [...this.#files.keys()]
  }

  async remove(): Promise<void> {
    const folder = this.#folder
    this.#folder = undefined
    this.#files.clear()
    await (await folder)?.remove()
  }
}

/**
 * Sends an image to a client.
 *
 * @param content is destroyed at the end, also when the client's file cannot be opened
 * @param open opens the client's file
 */
export async function sendImage(content: Readable, open: () => Promise<Duplex>): Promise<void> {
  try {
    await pipeline(content, await open(), { signal: callSignal() })
  } finally {
    content.destroy()
  }
}
