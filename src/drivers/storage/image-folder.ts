import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { createPrivateFolder, type PrivateFolder } from '../../private-folder.ts'
import { callSignal } from '../../runtime/call.ts'

/**
 * Images in a folder that only this user can enter. Their names never become names of files, so they may be anything.
 */
export class ImageFolder {
  readonly #files = new Map<string, string>()
  #folder: Promise<PrivateFolder> | undefined
  #next = 0

  /** Keeps an image. One that does not arrive completely is dropped, and what was there before stays. */
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

  /** An image's content, or nothing where there is none of that name. */
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
