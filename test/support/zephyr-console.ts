import { type Duplex, duplexPair } from 'node:stream'

/** Returns the lines and the return value of a command; `undefined` for an unknown command. */
export type ZephyrCommands = (command: string, print: (line: string) => void) => number | undefined

const prompt = 'uart:~$ '

/**
 * A console that behaves like Zephyr's shell on a UART (subsys/shell): it prints back what is typed, colours its prompt,
 * puts log messages above it, and says of commands that it does not know that they are not found.
 *
 * @returns the near end of the line, and what logs a message
 */
export function createZephyrConsole(commands: ZephyrCommands): { line: Duplex; log: (message: string) => void } {
  const [line, device] = duplexPair()
  let typed = ''
  let returned = 0
  const show = (text: string) => device.write(text)
  const showPrompt = () => show(`\x1b[1;32m${prompt}\x1b[m`)
  const run = (command: string) => {
    if (command === 'retval') {
      show(`${returned}\r\n`)
      return
    }
    const code = commands(command, (text) => show(`${text}\r\n`))
    if (code === undefined) show(`\x1b[1;31m${command.split(' ')[0]}: command not found\r\n\x1b[m`)
    returned = code ?? -8
  }
  device.on('data', (chunk: Buffer) => {
    for (const key of chunk.toString()) {
      if (key === '\r') {
        show('\r\n')
        if (typed !== '') run(typed)
        typed = ''
        showPrompt()
      } else if (key === '\x03' || key === '\x15') {
        typed = ''
        if (key === '\x03') show('\r\n')
        showPrompt()
      } else {
        typed += key
        show(key)
      }
    }
  })
  showPrompt()
  return {
    line,
    log(message) {
      show(`\x1b[${prompt.length + typed.length}D\x1b[J[00:00:01.234,000] \x1b[0m<inf> ${message}\x1b[0m\r\n`)
      showPrompt()
      show(typed)
    },
  }
}
