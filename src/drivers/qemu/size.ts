const powers = ['', 'k', 'm', 'g', 't']

/** Converts a size such as `512M` or `20GiB` to bytes, in powers of 1024 as in QEMU; `undefined` for another text. */
export function parseSize(size: string): number | undefined {
  const { number, unit = '' } = /^(?<number>\d+(?:\.\d+)?)\s*(?<unit>[kmgt]?)(?:i?b)?$/i.exec(size)?.groups ?? {}
  const bytes = Math.ceil(Number(number) * 1024 ** powers.indexOf(unit.toLowerCase()))
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined
}
