import type { Capability, Metadata } from 'opendal'

import {
  type OpendalCapability,
  opendalFeatures,
  opendalLimits,
  type OpendalMetadata,
} from '../../interfaces/opendal.ts'

/** Converts OpenDAL's facts about a path to the form of the wire. An unknown size is 0. */
export function toWireMetadata(metadata: Metadata): OpendalMetadata {
  return {
    content_disposition: metadata.contentDisposition,
    content_length: Number(metadata.contentLength ?? 0),
    content_md5: metadata.contentMd5,
    content_type: metadata.contentType,
    etag: metadata.etag,
    mode: { entry_is_file: metadata.isFile(), entry_is_dir: metadata.isDirectory() },
  }
}

/** Converts the abilities of a storage to the form of the wire. */
export function toWireCapability(capability: Capability): OpendalCapability {
  const native = capability as unknown as Readonly<Record<string, boolean | bigint | null>>
  const limit = (name: string) => {
    const value = native[camelCase(name)] ?? null
    return value === null ? null : Number(value)
  }
  return {
    ...(Object.fromEntries(opendalFeatures.map((name) => [name, native[camelCase(name)] === true])) as Features),
    ...(Object.fromEntries(opendalLimits.map((name) => [name, limit(name)])) as Limits),
    // OpenDAL for Node.js does not report it. Each of its methods has a blocking form.
    blocking: true,
  }
}

type Features = Record<(typeof opendalFeatures)[number], boolean>
type Limits = Record<(typeof opendalLimits)[number], number | null>

function camelCase(name: string): string {
  return name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
}
