import { brand } from '../../base/brand.ts'
import { Writable } from 'node:stream'

import {
  type HashAlgorithm,
  Opendal,
  type OpendalCapability,
  type OpendalMetadata,
  type PresignedRequest,
  type StorageFileMode,
} from '../../interfaces/opendal.ts'
import { DriverClient } from '../driver-client.ts'
import { type FileOptions, type FileSource, receiveFile, sendFile } from '../files.ts'

/** The longest that the close of a file may take after a failed call, in milliseconds. */
const closeTimeoutMs = 10_000

/** The facts that a storage has about a path. An unknown fact is null; an unknown size is 0. */
export interface StorageMetadata {
  readonly isFile: boolean
  readonly isDirectory: boolean
  /** Bytes. */
  readonly contentLength: number
  readonly contentType: string | null
  readonly contentDisposition: string | null
  readonly contentMd5: string | null
  readonly etag: string | null
}

type CamelCase<Name> = Name extends `${infer First}_${infer Rest}` ? `${First}${Capitalize<CamelCase<Rest>>}` : Name

/** The abilities of a storage, and its limits in bytes. A limit that does not exist is null. */
export type StorageCapability = {
  readonly [Name in keyof OpendalCapability as CamelCase<Name>]: OpendalCapability[Name]
}

/** A storage of files on the exporter's side. Paths are relative to its root; those of folders end with `/`. */
export class OpendalClient extends DriverClient<typeof Opendal> {
  static {
    brand(this, 'OpendalClient')
  }

  static readonly interface = Opendal

  /**
   * Writes bytes into a file. An existing file is replaced.
   *
   * @example
   * ```ts
   * await dut.storage.writeBytes('boot/cmdline.txt', Buffer.from('quiet'))
   * ```
   */
  async writeBytes(path: string, data: Uint8Array): Promise<void> {
    await this.writeFile(path, data)
  }

  /** Reads the whole content of a file. */
  async readBytes(path: string): Promise<Buffer> {
    const pieces: Uint8Array[] = []
    const collector = new Writable({
      write(piece: Uint8Array, _encoding, done) {
        pieces.push(piece)
        done()
      },
    })
    await this.readFile(path, collector)
    return Buffer.concat(pieces)
  }

  /** Writes a file, a stream, or the content of an http(s) URL into a file. An existing file is replaced. */
  async writeFile(path: string, source: FileSource, options: FileOptions = {}): Promise<void> {
    await sendFile(this, source, options, (handle) =>
      this.withFile(path, 'wb', (fd) => this.call('fileWrite', fd, handle)),
    )
  }

  /** Reads a file into a local file, given by its path, or into a stream. */
  async readFile(path: string, into: string | Writable, options: FileOptions = {}): Promise<void> {
    await this.withFile(path, 'rb', (fd) =>
      receiveFile(this, into, options, (handle) => this.call('fileRead', fd, handle)),
    )
  }

  /** @throws HardwareError ARGUMENT_INVALID when the path does not exist */
  async stat(path: string): Promise<StorageMetadata> {
    return toMetadata(await this.call('stat', path))
  }

  /**
   * Reads the hash of a file's content, in hexadecimal digits. The exporter computes it; the file is not sent.
   *
   * @param algorithm `sha256` (default) or `md5`
   */
  async hash(path: string, algorithm: HashAlgorithm = 'sha256'): Promise<string> {
    return this.call('hash', path, algorithm)
  }

  /** @throws HardwareError NOT_IMPLEMENTED if {@link OpendalClient.capability} has no `copy` */
  async copy(source: string, target: string): Promise<void> {
    await this.call('copy', source, target)
  }

  /** @throws HardwareError NOT_IMPLEMENTED if {@link OpendalClient.capability} has no `rename` */
  async rename(source: string, target: string): Promise<void> {
    await this.call('rename', source, target)
  }

  /** Removes a file or an empty folder. A path that does not exist is no error. */
  async delete(path: string): Promise<void> {
    await this.call('delete', path)
  }

  /** Removes a folder with its whole content. */
  async removeAll(path: string): Promise<void> {
    await this.call('removeAll', path)
  }

  /** Makes a folder, and the folders above it. The path ends with `/`. */
  async createDir(path: string): Promise<void> {
    await this.call('createDir', path)
  }

  async exists(path: string): Promise<boolean> {
    return this.call('exists', path)
  }

  /** Lists the paths in a folder, and the folder's path (default: the root). */
  list(path = '/'): AsyncGenerator<string, void, void> {
    return this.streamingCall('list', path)
  }

  /** Lists the paths below a folder at any depth, and the folder's path (default: the root). */
  scan(path = '/'): AsyncGenerator<string, void, void> {
    return this.streamingCall('scan', path)
  }

  /**
   * Makes a request that reads the facts about a file without credentials.
   *
   * @param expireSeconds the time after which the request is refused
   * @throws HardwareError NOT_IMPLEMENTED if the storage has no such requests
   */
  async presignStat(path: string, expireSeconds: number): Promise<PresignedRequest> {
    return this.call('presignStat', path, expireSeconds)
  }

  /** Makes a request that reads a file without credentials; see {@link OpendalClient.presignStat}. */
  async presignRead(path: string, expireSeconds: number): Promise<PresignedRequest> {
    return this.call('presignRead', path, expireSeconds)
  }

  /** Makes a request that writes a file without credentials; see {@link OpendalClient.presignStat}. */
  async presignWrite(path: string, expireSeconds: number): Promise<PresignedRequest> {
    return this.call('presignWrite', path, expireSeconds)
  }

  /** Reads the abilities of the storage. */
  async capability(): Promise<StorageCapability> {
    return toCapability(await this.call('capability'))
  }

  /** Reads the paths that were created in this session, in no order and without slashes at their ends. */
  async createdResources(): Promise<string[]> {
    return [...(await this.call('getCreatedResources'))]
  }

  /** Adds a path that was created in another way, for exporters that remove the files of a session at its end. */
  async registerPath(path: string): Promise<void> {
    await this.call('registerPath', path)
  }

  private async withFile(path: string, mode: StorageFileMode, use: (fd: string) => Promise<void>): Promise<void> {
    const fd = await this.call('open', path, mode)
    try {
      await use(fd)
    } catch (error) {
      // The limits of the failed call may have run out.
      const limits = { signal: new AbortController().signal, timeoutMs: closeTimeoutMs }
      await this.with(limits)
        .call('fileClose', fd)
        .catch(() => undefined)
      throw error
    }
    await this.call('fileClose', fd)
  }
}

function toMetadata(metadata: OpendalMetadata): StorageMetadata {
  return {
    isFile: metadata.mode.entry_is_file,
    isDirectory: metadata.mode.entry_is_dir,
    contentLength: metadata.content_length,
    contentType: metadata.content_type,
    contentDisposition: metadata.content_disposition,
    contentMd5: metadata.content_md5,
    etag: metadata.etag,
  }
}

function toCapability(capability: OpendalCapability): StorageCapability {
  const camelCase = (name: string) => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
  const entries = Object.entries(capability).map(([name, value]) => [camelCase(name), value] as const)
  return Object.fromEntries(entries) as unknown as StorageCapability
}
