import { call, defineInterface, streaming } from './define.ts'
import type { ResourceHandle } from './resource.ts'

/** The mode of an open file: `rb` reads it from its beginning, `wb` writes it anew. */
export type StorageFileMode = 'rb' | 'wb'

/** The algorithms that a storage's driver can hash a file with. */
export type HashAlgorithm = 'sha256' | 'md5'

/** The facts that a storage has about a path, in the form of the wire. */
export interface OpendalMetadata {
  readonly content_disposition: string | null
  /** Bytes. */
  readonly content_length: number
  readonly content_md5: string | null
  readonly content_type: string | null
  readonly etag: string | null
  readonly mode: { readonly entry_is_file: boolean; readonly entry_is_dir: boolean }
}

/** An HTTP request that needs no credentials until it expires. */
export interface PresignedRequest {
  readonly url: string
  /** GET, PUT or HEAD. */
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
}

/** The abilities that a storage may have, by their names on the wire. */
export const opendalFeatures = [
  'stat',
  'stat_with_if_match',
  'stat_with_if_none_match',
  'read',
  'read_with_if_match',
  'read_with_if_none_match',
  'read_with_override_cache_control',
  'read_with_override_content_disposition',
  'read_with_override_content_type',
  'write',
  'write_can_multi',
  'write_can_empty',
  'write_can_append',
  'write_with_content_type',
  'write_with_content_disposition',
  'write_with_cache_control',
  'create_dir',
  'delete',
  'copy',
  'rename',
  'list',
  'list_with_limit',
  'list_with_start_after',
  'list_with_recursive',
  'presign',
  'presign_read',
  'presign_stat',
  'presign_write',
  'shared',
  'blocking',
] as const

/** Limits of a storage in bytes, by the names on the wire; null where there is none. */
export const opendalLimits = ['write_multi_max_size', 'write_multi_min_size', 'write_total_max_size'] as const

/** The abilities and limits of a storage, in the form of the wire. */
export type OpendalCapability = Readonly<Record<(typeof opendalFeatures)[number], boolean>> &
  Readonly<Record<(typeof opendalLimits)[number], number | null>>

/**
 * A storage of files: a folder of the exporter's machine, or any service that Apache OpenDAL knows. Folders end with `/`.
 * `fd` is the handle from `open`.
 */
export const Opendal = defineInterface({
  client: 'jumpstarter_driver_opendal.client.OpendalClient',
  methods: {
    open: call<(path: string, mode: StorageFileMode) => string>(),
    /** Reads the file from its position to its end into the resource. */
    fileRead: call<(fd: string, dst: ResourceHandle) => void>(),
    fileWrite: call<(fd: string, src: ResourceHandle) => void>(),
    /** @param whence what `pos` counts from: 0 the beginning, 1 the present position, 2 the end */
    fileSeek: call<(fd: string, pos: number, whence?: number) => number>(),
    fileTell: call<(fd: string) => number>(),
    fileClose: call<(fd: string) => void>(),
    fileClosed: call<(fd: string) => boolean>(),
    fileReadable: call<(fd: string) => boolean>(),
    fileSeekable: call<(fd: string) => boolean>(),
    fileWritable: call<(fd: string) => boolean>(),
    stat: call<(path: string) => OpendalMetadata>({ idempotent: true }),
    /** In hexadecimal digits. */
    hash: call<(path: string, algo?: HashAlgorithm) => string>({ idempotent: true }),
    copy: call<(source: string, target: string) => void>({ idempotent: true }),
    rename: call<(source: string, target: string) => void>(),
    removeAll: call<(path: string) => void>(),
    createDir: call<(path: string) => void>({ idempotent: true }),
    /** A path that does not exist is no error. */
    delete: call<(path: string) => void>({ idempotent: true }),
    exists: call<(path: string) => boolean>({ idempotent: true }),
    /** The paths in a folder, and the folder's own. */
    list: streaming<(path: string) => string>(),
    /** The paths below a folder, at any depth. */
    scan: streaming<(path: string) => string>(),
    /** @param expireSecond the seconds until the request expires; so for the other two */
    presignStat: call<(path: string, expireSecond: number) => PresignedRequest>({ idempotent: true }),
    presignRead: call<(path: string, expireSecond: number) => PresignedRequest>({ idempotent: true }),
    presignWrite: call<(path: string, expireSecond: number) => PresignedRequest>({ idempotent: true }),
    capability: call<() => OpendalCapability>({ idempotent: true }),
    /** The paths that were created in this session, without slashes at the ends. */
    getCreatedResources: call<() => readonly string[]>({ idempotent: true }),
    /** Adds a path that was created in another way to those that were created in this session. */
    registerPath: call<(path: string) => void>({ idempotent: true }),
  },
})
