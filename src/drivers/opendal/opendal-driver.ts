import { pipeline } from 'node:stream/promises'

import type { Operator } from 'opendal'

import { HardwareError, messageOf } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { type HashAlgorithm, Opendal, type StorageFileMode } from '../../interfaces/opendal.ts'
import type { ResourceHandle } from '../../interfaces/resource.ts'
import { callSignal } from '../../runtime/call.ts'
import { hashInThread } from '../../runtime/content/pool.ts'
import { Driver } from '../../runtime/driver.ts'
import { withTimeLimit } from '../../base/time-limit.ts'
import { checkOpendalConfig, type OpendalConfig, opendalRules } from './config.ts'
import { CreatedPaths } from './created-paths.ts'
import { OpenFile } from './open-file.ts'
import { OpenFiles } from './open-files.ts'
import { normalizePath } from './paths.ts'
import { openStorage, waitFor } from './storage.ts'
import { toWireCapability, toWireMetadata } from './values.ts'

/** The longest that the close of files that clients have left open may delay the end of a session, in milliseconds. */
const closeTimeoutMs = 10_000

/** The most seconds that OpenDAL for Node.js takes: an unsigned number of 32 bits. */
const maxExpireSeconds = 2 ** 32 - 1

/**
 * A storage of files: a folder of the exporter's machine, S3, WebDAV … (needs `npm install opendal@0.49.2`). Apache OpenDAL has
 * the list of services. Paths are relative to the storage's root and cannot leave it.
 *
 * @example
 * ```yaml
 * export:
 *   storage:
 *     type: jumpstarter_driver_opendal.driver.Opendal
 *     config: { scheme: fs, kwargs: { root: /srv/images } }
 * ```
 */
export class OpendalDriver extends Driver implements Implementation<typeof Opendal> {
  static readonly interface = Opendal
  static readonly configRules = opendalRules
  readonly #config: OpendalConfig
  readonly #files = new OpenFiles()
  readonly #created = new CreatedPaths()
  #storage: Promise<Operator> | undefined

  /** @throws TypeError with all mistakes of the config */
  constructor(config: OpendalConfig) {
    super()
    checkOpendalConfig(config)
    this.#config = config
  }

  /** @throws HardwareError as {@link openStorage} does, so that a mistake in the config is reported when the session starts */
  override async reset() {
    await this.#open()
  }

  override async close() {
    const limit = { name: 'closing the files that were left open', timeoutMs: closeTimeoutMs }
    const failures = await withTimeLimit(limit, () => this.#files.closeAll()).catch((error: unknown) => [error])
    for (const failure of failures) this.logger.warning(`a file that was left open: ${messageOf(failure)}`)
    if (this.#config.remove_created_on_close === true) await this.#removeCreated()
  }

  async open(path: string, mode: StorageFileMode) {
    if (mode !== 'rb' && mode !== 'wb') throw new RangeError(`mode is ${JSON.stringify(mode)}; it can be 'rb' or 'wb'`)
    const signal = callSignal()
    const file = await this.#step(path, async (storage) => {
      const opened = await OpenFile.open(storage, path, mode)
      if (mode === 'wb') this.#created.add(path)
      // The call has ended, so that no client will close the file.
      if (signal.aborted) await opened.close()
      return opened
    })
    return this.#files.add(file)
  }

  async fileRead(fd: string, destination: ResourceHandle) {
    const file = this.#files.get(fd)
    await pipeline(file.pieces(), await this.resource(destination), { signal: callSignal() })
  }

  async fileWrite(fd: string, source: ResourceHandle) {
    const file = this.#files.get(fd)
    const write = async (pieces: AsyncIterable<Uint8Array>) => {
      for await (const piece of pieces) await file.write(piece)
    }
    await pipeline(await this.resource(source), write, { signal: callSignal() })
  }

  async fileSeek(fd: string, position: number, whence?: number | null) {
    const from = whence ?? 0
    if (![0, 1, 2].includes(from)) throw new RangeError(`whence is ${JSON.stringify(from)}; it can be 0, 1 or 2`)
    return waitFor(this.#files.get(fd).seek(position, from), callSignal())
  }

  async fileTell(fd: string) {
    return waitFor(this.#files.get(fd).tell(), callSignal())
  }

  async fileClose(fd: string) {
    await waitFor(this.#files.close(fd), callSignal())
  }

  fileClosed(fd: string) {
    return this.#files.get(fd).closed
  }

  fileReadable(fd: string) {
    return this.#files.get(fd).readable
  }

  /** A file that is read has a position that can be moved; a file that is written has not. */
  fileSeekable(fd: string) {
    return this.#files.get(fd).readable
  }

  fileWritable(fd: string) {
    return this.#files.get(fd).writable
  }

  async stat(path: string) {
    return toWireMetadata(await this.#step(path, (storage) => storage.stat(path)))
  }

  async hash(path: string, algorithm?: HashAlgorithm | null) {
    const chosen = algorithm ?? 'sha256'
    if (chosen !== 'sha256' && chosen !== 'md5') {
      throw new RangeError(`algorithm is ${JSON.stringify(chosen)}; it can be 'sha256' or 'md5'`)
    }
    const file = await this.#step(path, (storage) => OpenFile.open(storage, path, 'rb'))
    const signal = callSignal()
    async function* pieces() {
      for await (const piece of file.pieces()) {
        signal.throwIfAborted()
        yield piece
      }
    }
    return waitFor(hashInThread(pieces(), chosen), signal)
  }

  async copy(source: string, target: string) {
    normalizePath(target)
    await this.#step(source, (storage) => storage.copy(source, target))
    this.#created.add(target)
  }

  async rename(source: string, target: string) {
    normalizePath(target)
    await this.#step(source, (storage) => storage.rename(source, target))
    this.#created.delete(source)
    this.#created.add(target)
  }

  async removeAll(path: string) {
    await this.#step(path, (storage) => storage.removeAll(path))
    this.#created.delete(path)
  }

  async createDir(path: string) {
    await this.#step(path, (storage) => storage.createDir(path))
    this.#created.add(path)
  }

  async delete(path: string) {
    await this.#step(path, (storage) => storage.delete(path))
    this.#created.delete(path)
  }

  async exists(path: string) {
    return this.#step(path, (storage) => storage.exists(path))
  }

  list(path: string) {
    return this.#list(path, false)
  }

  scan(path: string) {
    return this.#list(path, true)
  }

  async presignStat(path: string, expireSeconds: number) {
    checkExpiry(expireSeconds)
    return this.#step(path, (storage) => storage.presignStat(path, expireSeconds))
  }

  async presignRead(path: string, expireSeconds: number) {
    checkExpiry(expireSeconds)
    return this.#step(path, (storage) => storage.presignRead(path, expireSeconds))
  }

  async presignWrite(path: string, expireSeconds: number) {
    checkExpiry(expireSeconds)
    return this.#step(path, (storage) => storage.presignWrite(path, expireSeconds))
  }

  async capability() {
    return toWireCapability((await this.#open()).capability())
  }

  getCreatedResources() {
    return this.#created.list()
  }

  registerPath(path: string) {
    this.#created.add(path)
  }

  async *#list(path: string, recursive: boolean): AsyncGenerator<string, void, void> {
    const lister = await this.#step(path, (storage) => storage.lister(path, { recursive }))
    for (;;) {
      const entry = await waitFor(lister.next(), callSignal())
      if (entry === null) return
      yield entry.path()
    }
  }

  #open(): Promise<Operator> {
    this.#storage ??= openStorage(this.#config)
    return this.#storage
  }

  async #step<T>(path: string, step: (storage: Operator) => Promise<T>): Promise<T> {
    normalizePath(path)
    const storage = await this.#open()
    return waitFor(step(storage), callSignal())
  }

  async #removeCreated(): Promise<void> {
    const { scheme, kwargs } = this.#config
    if (scheme !== 'fs' || kwargs?.['root'] === undefined) {
      this.logger.warning(`remove_created_on_close: cannot remove from ${scheme}, only from fs`)
      return
    }
    for (const { path, error } of await this.#created.removeFrom(kwargs['root'])) {
      this.logger.error(`cannot remove ${path}: ${messageOf(error)}`)
    }
  }
}

function checkExpiry(seconds: number): void {
  if (Number.isInteger(seconds) && seconds > 0 && seconds <= maxExpireSeconds) return
  throw new HardwareError('ARGUMENT_INVALID', `expire_second is ${JSON.stringify(seconds)}; it is a number of seconds`)
}
