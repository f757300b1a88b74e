import type { Operator, Reader, Writer } from 'opendal'

import { HardwareError } from '../../errors.ts'
import type { StorageFileMode } from '../../interfaces/opendal.ts'
import { storageError } from './storage-error.ts'

/** How much of a file is in memory at a time. */
const pieceBytes = 256 * 1024

/** A file of a storage, from its opening to its end. */
export class OpenFile {
  readonly #operator: Operator
  readonly #path: string
  readonly #mode: StorageFileMode
  readonly #writer: Writer | undefined
  /** Reads on from the position, where nobody has moved that: some web servers only give whole files. */
  #reader: Reader | undefined
  #position = 0
  #length = 0
  #closed = false
  #last: Promise<unknown> = Promise.resolve()

  private constructor(operator: Operator, path: string, opened: { reader: Reader } | { writer: Writer }) {
    this.#operator = operator
    this.#path = path
    this.#mode = 'reader' in opened ? 'rb' : 'wb'
    this.#reader = 'reader' in opened ? opened.reader : undefined
    this.#writer = 'writer' in opened ? opened.writer : undefined
  }

  /** Opens a file. A new one exists from then on. */
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

  /** The content from the position on. */
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

  /** Writes behind what has been written. */
  write(piece: Uint8Array): Promise<void> {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    return this.#inTurn('wb', async () => this.#writer?.write(bytes))
  }

  /** Moves the position, and returns it. */
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

  /** Closes it, after what is under way. What was written is complete then. */
  close(): Promise<void> {
    if (this.#closed) return this.#last.then(() => undefined)
    this.#closed = true
    return this.#after(async () => this.#writer?.close())
  }

  #inTurn<T>(mode: StorageFileMode, step: () => Promise<T>): Promise<T> {
    return this.#after(() => {
      if (this.#closed) throw new HardwareError('ARGUMENT_INVALID', `${this.#path} has been closed`)
      if (this.#mode !== mode) {
        throw new HardwareError('ARGUMENT_INVALID', `${this.#path} is open as '${this.#mode}', not '${mode}'`)
      }
      return step()
    })
  }

  /** One step after another: OpenDAL's readers and writers are not to be used from two places at a time. */
  #after<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#last.then(step).catch((cause: unknown) => {
      throw storageError(cause)
    })
    this.#last = done.catch(() => undefined)
    return done
  }
}
