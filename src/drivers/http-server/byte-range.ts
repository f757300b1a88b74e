/** A part of a file: its first byte and its last. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * Reads a `Range` header (RFC 9110, section 14). A server may ignore a header without a range of bytes, or with several ranges: the
 * result is `undefined` then, and the whole file is sent.
 *
 * @param size the size of the file in bytes
 */
export function parseRange(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  const { from = '', to = '' } = /^bytes=[ \t]*(?<from>\d*)-(?<to>\d*)[ \t]*$/i.exec(header ?? '')?.groups ?? {}
  if (from === '' && to === '') return undefined
  const suffix = from === ''
  const start = suffix ? Math.max(0, size - Number(to)) : Number(from)
  const end = suffix || to === '' ? size - 1 : Math.min(Number(to), size - 1)
  if (!suffix && to !== '' && Number(to) < Number(from)) return undefined
  return start < size ? { start, end } : 'unsatisfiable'
}
