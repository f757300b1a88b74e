import { randomUUID } from 'node:crypto'

import { HardwareError } from '../../errors.ts'
import type { OpenFile } from './open-file.ts'

/** The number of closed files whose handles are still known. A call for an older handle is an error. */
const maxClosed = 1000

/** The files that clients have open, by their handles. */
export class OpenFiles {
  readonly #files = new Map<string, OpenFile>()
  readonly #closed: string[] = []

  /** @returns the handle, a UUID */
  add(file: OpenFile): string {
    const handle = randomUUID()
    this.#files.set(handle, file)
    return handle
  }

  /** @throws HardwareError ARGUMENT_INVALID when no file has the handle */
  get(handle: unknown): OpenFile {
    const file = this.#files.get(keyOf(handle))
    if (file !== undefined) return file
    throw new HardwareError('ARGUMENT_INVALID', `There is no open file ${JSON.stringify(handle)}`)
  }

  async close(handle: unknown): Promise<void> {
    const file = this.get(handle)
    if (!file.closed) this.#closed.push(keyOf(handle))
    if (this.#closed.length > maxClosed) this.#files.delete(this.#closed.shift() ?? '')
    await file.close()
  }

  /** Closes all files. @returns the errors */
  async closeAll(): Promise<unknown[]> {
    const open = [...this.#files.values()].filter((file) => !file.closed)
    this.#files.clear()
    this.#closed.length = 0
    const results = await Promise.allSettled(open.map((file) => file.close()))
    return results.filter((result) => result.status === 'rejected').map(({ reason }): unknown => reason)
  }
}

function keyOf(handle: unknown): string {
  return typeof handle === 'string' ? handle.toLowerCase() : ''
}
