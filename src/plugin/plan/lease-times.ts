import { randomUUID } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'

/** The version of the file's format. A file of another version is not read. */
const version = 1

/** The times that test files held their leases when they last ran, kept in a file between runs. */
export class LeaseTimes {
  readonly #root: string
  readonly #path: string | undefined
  /** By the path relative to the root, because a cache may be restored in another folder. */
  readonly #measured = new Map<string, number>()
  #stored: ReadonlyMap<string, number> = new Map()

  /**
   * @param root the folder that paths are relative to
   * @param cacheFolder the folder for the file's own folder; `undefined` to keep nothing
   */
  constructor(root: string, cacheFolder: string | undefined) {
    this.#root = root
    this.#path = cacheFolder === undefined ? undefined : join(cacheFolder, 'vitest-hardware', 'lease-times.json')
  }

  /** Reads the times of earlier runs. A broken file counts as empty. */
  async load(): Promise<void> {
    this.#stored = await this.#read()
  }

  /** The time that a file held its lease, in milliseconds; `undefined` if it is unknown. */
  of(file: string): number | undefined {
    const key = this.#key(file)
    return this.#measured.get(key) ?? this.#stored.get(key)
  }

  /** Notes the time that a file has held its lease, in milliseconds. */
  record(file: string, ms: number): void {
    this.#measured.set(this.#key(file), Math.round(ms))
  }

  /**
   * Adds the measured times to the stored ones, and removes files that do not exist any more. The times of another run that
   * writes at the same moment may get lost, but the file is never broken. A failure to write does not fail the run.
   */
  async write(): Promise<void> {
    if (this.#path === undefined || this.#measured.size === 0) return
    const all = new Map([...(await this.#read()), ...this.#measured])
    const draft = `${this.#path}.${randomUUID()}`
    try {
      const files = [...all].filter(([key]) => isFile(resolve(this.#root, key)))
      await mkdir(dirname(this.#path), { recursive: true })
      await writeFile(draft, JSON.stringify({ version, files: Object.fromEntries(files) }, undefined, 2))
      await rename(draft, this.#path)
    } catch {
      await rm(draft, { force: true }).catch(() => undefined)
    }
  }

  async #read(): Promise<ReadonlyMap<string, number>> {
    try {
      const stored: unknown = JSON.parse(await readFile(this.#path ?? '', 'utf8'))
      const { version: form, files } = stored as { version?: unknown; files?: Record<string, unknown> }
      const entries = form === version ? Object.entries(files ?? {}) : []
      return new Map(entries.filter((entry): entry is [string, number] => isTime(entry[1])))
    } catch {
      return new Map()
    }
  }

  #key(file: string): string {
    return relative(this.#root, file).replaceAll(sep, '/')
  }
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile()
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}
