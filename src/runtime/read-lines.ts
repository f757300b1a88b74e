import type { Readable } from 'node:stream'

/** A line that is longer comes in pieces of this many characters, so that none outgrows a message. */
const maxLength = 64 * 1024

/**
 * Passes on the lines of a process's output as they come. A carriage return ends one too, as progress bars use it.
 *
 * @returns passes on what has come of a line that has no end yet; called by itself when the output ends
 */
export function readLines(output: Readable, receive: (line: string) => void): () => void {
  let rest = ''
  const flush = () => {
    if (rest !== '') receive(rest)
    rest = ''
  }
  output.setEncoding('utf8')
  output.on('data', (text: string) => {
    const lines = `${rest}${text}`.split(/\r\n|[\r\n]/)
    rest = lines.pop() ?? ''
    for (const line of lines) receive(line)
    while (rest.length >= maxLength) {
      receive(rest.slice(0, maxLength))
      rest = rest.slice(maxLength)
    }
  })
  output.once('end', flush)
  return flush
}
