/** A part of a file: its first byte and its last. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * The part of a file that a `Range` header asks for (RFC 9110, section 14). One that is no range of bytes, or several at
 * once, a server may pass over: nothing is returned, and the file is sent as a whole.
 *
 * @param size of the file in bytes
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
