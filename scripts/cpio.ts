/** An entry of an archive: a file with a content, or a folder without. */
export interface CpioEntry {
  readonly path: string
  /** The kind and permissions, as `stat` has them: `0o100755`. */
  readonly mode: number
  readonly content?: Uint8Array
}

/** Makes an archive in the format that Linux takes for an initial file system (Documentation/driver-api/early-userspace). */
export function makeCpio(entries: readonly CpioEntry[]): Buffer {
  const end: CpioEntry = { path: 'TRAILER!!!', mode: 0 }
  return Buffer.concat([...entries, end].flatMap(entryOf))
}

function entryOf({ path, mode, content = new Uint8Array() }: CpioEntry, index: number): Uint8Array[] {
  const name = Buffer.from(`${path}\0`)
  // ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check
  const fields = [index + 1, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0]
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`)
  return [...padded(Buffer.concat([header, name])), ...padded(content)]
}

function padded(bytes: Uint8Array): Uint8Array[] {
  return [bytes, Buffer.alloc(-bytes.length & 3)]
}
