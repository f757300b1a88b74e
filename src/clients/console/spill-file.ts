import { closeSync, mkdtempSync, openSync, readSync, rmSync, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * A file for output that leaves the memory. It has no name, so nothing of it remains when the process ends in any way.
 */
export class SpillFile {
  #file: number | undefined
  #length = 0

  /** Adds bytes. @returns the place of the first byte */
  append(bytes: Uint8Array): number {
    this.#file ??= openNameless()
    const start = this.#length
    for (let written = 0; written < bytes.length;) {
      written += writeSync(this.#file, bytes, written, bytes.length - written, start + written)
    }
    this.#length += bytes.length
    return start
  }

  read(start: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    let read = 0
    while (this.#file !== undefined && read < length) {
      const count = readSync(this.#file, bytes, read, length - read, start + read)
      if (count === 0) break
      read += count
    }
    return bytes.subarray(0, read)
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }
}

function openNameless(): number {
  const folder = mkdtempSync(join(tmpdir(), 'vitest-hardware-log-'))
  const path = join(folder, 'log')
  try {
    const file = openSync(path, 'wx+', 0o600)
    unlinkSync(path)
    return file
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
