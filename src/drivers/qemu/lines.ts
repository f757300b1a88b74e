import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

/** Calls back for each line that comes from a stream, without its end. What follows the last line end is dropped. */
export function onLine(stream: Readable, take: (line: string) => void): void {
  const decoder = new StringDecoder()
  let rest = ''
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(line.trimEnd())
  })
}
