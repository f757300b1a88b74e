import type { Operator, Reader, Writer } from 'opendal'

import { Mutex } from '../../base/mutex.ts'
import { HardwareError } from '../../errors.ts'
import type { StorageFileMode } from '../../interfaces/opendal.ts'
import { storageError } from './storage-error.ts'

/** The size of the pieces that are in memory, in bytes. */
const pieceBytes = 256 * 1024

/** An open file of a storage. */
export class OpenFile {
  readonly #operator: Operator
  readonly #path: string
  readonly #mode: StorageFileMode
  readonly #writer: Writer | undefined
  /** Reads from the position on, if no call has moved it: some web servers only send whole files. */
  #reader: Reader | undefined
  #position = 0
  #length = 0
  #closed = false
  /** OpenDAL's readers and writers must not be used from two places at a time. */
  readonly #mutex = new Mutex()

  private constructor(operator: Operator, path: string, opened: { reader: Reader } | { writer: Writer }) {
    this.#operator = operator
    this.#path = path
    this.#mode = 'reader' in opened ? 'rb' : 'wb'
    this.#reader = 'reader' in opened ? opened.reader : undefined
    this.#writer = 'writer' in opened ? opened.writer : undefined
  }

  /** Opens a file. A new file exists from then on. */
  static async open(operator: Operator, path: string, mode: StorageFileMode): Promise<OpenFile> {
    return mode === 'rb'
      ? new OpenFile(operator, path, { reader: await operator.reader(path) })
      : new OpenFile(operator, path, { writer: await operator.writer(path) })
  }

  get closed(): boolean {
    return this.#closed
  }

  get readable(): boolean {
    return !this.#closed && this.#mode === 'rb'
  }

  get writable(): boolean {
    return !this.#closed && this.#mode === 'wb'
  }

  /** Reads the content from the position on. */
  async *pieces(): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      const piece = await this.#inTurn('rb', () => this.#readPiece())
      if (piece.length === 0) return
      yield piece
    }
  }

  async #readPiece(): Promise<Uint8Array> {
    let piece: Uint8Array
    if (this.#reader === undefined) {
      const size = Math.min(pieceBytes, this.#length - this.#position)
      if (size <= 0) return new Uint8Array()
      piece = await this.#operator.read(this.#path, { offset: BigInt(this.#position), size: BigInt(size) })
    } else {
      const space = Buffer.allocUnsafeSlow(pieceBytes)
      piece = space.subarray(0, Number(await this.#reader.read(space)))
    }
    this.#position += piece.length
    return piece
  }

  /** Writes a piece at the end. */
  write(piece: Uint8Array): Promise<void> {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    return this.#inTurn('wb', async () => this.#writer?.write(bytes))
  }

  /** Moves the position. @returns the new position */
  seek(offset: number, whence: number): Promise<number> {
    return this.#inTurn('rb', async () => {
      this.#length = Number((await this.#operator.stat(this.#path)).contentLength ?? 0)
      const position = offset + ([0, this.#position, this.#length][whence] ?? Number.NaN)
      if (!Number.isSafeInteger(position) || position < 0) {
        throw new RangeError(`cannot seek to ${offset} from ${whence}; the position has to be 0 or more`)
      }
      if (position === 0) this.#reader = await this.#operator.reader(this.#path)
      else if (position !== this.#position) this.#reader = undefined
      this.#position = position
      return position
    })
  }

  tell(): Promise<number> {
    return this.#inTurn('rb', async () => this.#position)
  }

  /** Closes the file after the steps in progress. A written file is complete then. */
  close(): Promise<void> {
    if (this.#closed) return this.#mutex.run(() => undefined)
    this.#closed = true
    return this.#run(async () => this.#writer?.close())
  }

  #inTurn<T>(mode: StorageFileMode, step: () => Promise<T>): Promise<T> {
    return this.#run(() => {
      if (this.#closed) throw new HardwareError('ARGUMENT_INVALID', `${this.#path} has been closed`)
      if (this.#mode !== mode) {
        throw new HardwareError('ARGUMENT_INVALID', `${this.#path} is open as '${this.#mode}', not '${mode}'`)
      }
      return step()
    })
  }

  async #run<T>(step: () => Promise<T>): Promise<T> {
    try {
      return await this.#mutex.run(step)
    } catch (cause) {
      throw storageError(cause)
    }
  }
}
