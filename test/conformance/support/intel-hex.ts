/** The data of an image, whatever the length of its lines in Intel HEX. */
export function dataOf(image: Uint8Array): string {
  const text = Buffer.from(image).toString('latin1')
  if (!text.startsWith(':')) return text
  const records = text.matchAll(/^:.{6}00(?<data>.*)..\r?$/gm)
  return Array.from(records, ({ groups }) => groups?.['data']?.toUpperCase()).join('')
}
