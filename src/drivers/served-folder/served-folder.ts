import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'

import { createPrivateFolder, type PrivateFolder } from '../../base/private-folder.ts'
import { OpendalDriver } from '../opendal/opendal-driver.ts'
import type { FileServerConfig } from './config.ts'
import { type FileInside, openInside, type Refusal } from './open-inside.ts'

/** The folder that a server serves to boards, and the storage through which clients put files there. */
export class ServedFolder {
  /** The child of the server's driver. */
  readonly storage: OpendalDriver
  /** The settings of the storage, which reads them when it opens, after {@link ServedFolder.prepare}. */
  readonly #settings: { root: string }
  readonly #given: string | undefined
  #private: PrivateFolder | undefined

  constructor({ root_dir: given, remove_created_on_close: remove }: FileServerConfig) {
    this.#given = given === undefined || given === null ? undefined : resolve(given)
    this.#settings = { root: this.#given ?? 'a folder that is made when the session starts' }
    this.storage = new OpendalDriver({
      scheme: 'fs',
      kwargs: this.#settings,
      // A private folder is removed as a whole.
      remove_created_on_close: this.#given !== undefined && (remove ?? true),
    })
  }

  /** Makes the folder, if necessary. */
  async prepare(): Promise<void> {
    if (this.#given !== undefined) {
      await mkdir(this.#given, { recursive: true })
      return
    }
    this.#private ??= await createPrivateFolder()
    this.#settings.root = this.#private.path
  }

  /** Opens a file of the folder; see {@link openInside}. */
  open(path: string): Promise<FileInside | Refusal> {
    return openInside(this.#settings.root, path)
  }

  /** Removes a private folder. A folder of the config stays. */
  async remove(): Promise<void> {
    const folder = this.#private
    this.#private = undefined
    await folder?.remove()
  }
}
