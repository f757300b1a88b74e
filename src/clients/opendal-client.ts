import { Writable } from 'node:stream'

import {
  type HashAlgorithm,
  Opendal,
  type OpendalCapability,
  type OpendalMetadata,
  type PresignedRequest,
  type StorageFileMode,
} from '../interfaces/opendal.ts'
import { DriverClient } from './driver-client.ts'
import { type FileOptions, type FileSource, receiveFile, sendFile } from './files.ts'

/** How long closing a file may take after the call that used it has failed, in milliseconds. */
const closeTimeoutMs = 10_000

/** What a storage knows of a path. What it does not know is null; a size it does not know is 0. */
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

/** What a storage can do, and its limits in bytes; null where there is none. */
export type StorageCapability = {
  readonly [Name in keyof OpendalCapability as CamelCase<Name>]: OpendalCapability[Name]
}

/** A storage of files on the exporter's side. Paths are relative to its root; those of folders end with `/`. */
export class OpendalClient extends DriverClient<typeof Opendal> {
  static readonly interface = Opendal

  /**
   * Writes bytes into a file, which is made, or emptied, first.
   *
   * @example
   * ```ts
   * await dut.storage.writeBytes('boot/cmdline.txt', Buffer.from('quiet'))
   * ```
   */
  async writeBytes(path: string, data: Uint8Array): Promise<void> {
    await this.writeFile(path, data)
  }

  /** A file's whole content. */
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

  /** Writes a file, a stream, or what an http(s) URL leads to, into a file, which is made, or emptied, first. */
  async writeFile(path: string, source: FileSource, options: FileOptions = {}): Promise<void> {
    await sendFile(this as DriverClient, source, options, (handle) =>
      this.withFile(path, 'wb', (fd) => this.call('fileWrite', fd, handle)),
    )
  }

  /** Reads a file into a local one, given by its path, or into a stream. */
  async readFile(path: string, into: string | Writable, options: FileOptions = {}): Promise<void> {
    await this.withFile(path, 'rb', (fd) =>
      receiveFile(this as DriverClient, into, options, (handle) => this.call('fileRead', fd, handle)),
    )
  }

  /** @throws HardwareError ARGUMENT_INVALID when there is nothing of that path */
  async stat(path: string): Promise<StorageMetadata> {
    return toMetadata(await this.call('stat', path))
  }

  /**
   * The hash of a file's content in hexadecimal digits. The exporter works it out, and the file stays there.
   *
   * @param algorithm `sha256` (default) or `md5`
   */
  async hash(path: string, algorithm: HashAlgorithm = 'sha256'): Promise<string> {
    return this.call('hash', path, algorithm)
  }

  /** @throws HardwareError NOT_IMPLEMENTED where the storage cannot copy; {@link OpendalClient.capability} tells */
  async copy(source: string, target: string): Promise<void> {
    await this.call('copy', source, target)
  }

  /** @throws HardwareError NOT_IMPLEMENTED where the storage cannot rename; {@link OpendalClient.capability} tells */
  async rename(source: string, target: string): Promise<void> {
    await this.call('rename', source, target)
  }

  /** Removes a file or an empty folder. What is not there is no error. */
  async delete(path: string): Promise<void> {
    await this.call('delete', path)
  }

  /** Removes a folder and all that is below it. */
  async removeAll(path: string): Promise<void> {
    await this.call('removeAll', path)
  }

  /** Makes a folder, and those above it. The path ends with `/`. */
  async createDir(path: string): Promise<void> {
    await this.call('createDir', path)
  }

  async exists(path: string): Promise<boolean> {
    return this.call('exists', path)
  }

  /** The paths in a folder, and its own. Without a path, those of the root. */
  list(path = '/'): AsyncGenerator<string, void, void> {
    return this.streamingCall('list', path)
  }

  /** The paths below a folder at any depth, and its own. Without a path, those of the root. */
  scan(path = '/'): AsyncGenerator<string, void, void> {
    return this.streamingCall('scan', path)
  }

  /**
   * A request that tells of a file without credentials.
   *
   * @param expireSeconds how long it may be used
   * @throws HardwareError NOT_IMPLEMENTED where the storage has no such requests
   */
  async presignStat(path: string, expireSeconds: number): Promise<PresignedRequest> {
    return this.call('presignStat', path, expireSeconds)
  }

  /** A request that reads a file without credentials; see {@link OpendalClient.presignStat}. */
  async presignRead(path: string, expireSeconds: number): Promise<PresignedRequest> {
    return this.call('presignRead', path, expireSeconds)
  }

  /** A request that writes a file without credentials; see {@link OpendalClient.presignStat}. */
  async presignWrite(path: string, expireSeconds: number): Promise<PresignedRequest> {
    return this.call('presignWrite', path, expireSeconds)
  }

  /** What the storage can do. */
  async capability(): Promise<StorageCapability> {
    return toCapability(await this.call('capability'))
  }

  /** The paths of what was made in this session, in no particular order and without slashes at their ends. */
  async createdResources(): Promise<string[]> {
    return [...(await this.call('getCreatedResources'))]
  }

  /** Notes a path that was made some other way, for exporters that remove what was made in a session. */
  async registerPath(path: string): Promise<void> {
    await this.call('registerPath', path)
  }

  private async withFile(path: string, mode: StorageFileMode, use: (fd: string) => Promise<void>): Promise<void> {
    const fd = await this.call('open', path, mode)
    try {
      await use(fd)
    } catch (error) {
      // Not with the limits of what has failed: they may have run out.
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
