import { HardwareError } from '../../errors.ts'

/** A word of a POSIX shell that stands for a text as it is (POSIX.1-2017, Shell Command Language, 2.2.2). */
export function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/**
 * Escapes a text so that it can be typed at any shell: characters with a meaning for line editors and terminals, and characters
 * outside ASCII, become escapes of `printf %b`. The result needs no quoting inside single quotes.
 *
 * @returns the characters and escapes; the text can be cut between any two of them
 */
export function escapeForPrintf(text: string): string[] {
  return Array.from(Buffer.from(text), (byte) => {
    const character = String.fromCharCode(byte)
    if (character === '\n') return String.raw`\n`
    if (character === '\\') return String.raw`\\`
    // A `!` recalls earlier commands in an interactive bash, and does so in some quotes too.
    if (byte >= 0x20 && byte < 0x7f && character !== "'" && character !== '!') return character
    return `\\0${byte.toString(8).padStart(3, '0')}`
  })
}

/** True for a text that can be typed unchanged between single quotes. */
export function isPlain(text: string): boolean {
  return /^[ "-~]*$/.test(text)
}

/**
 * Makes the command that sets environment variables.
 *
 * @throws HardwareError ARGUMENT_INVALID for a wrong name
 */
export function exportCommand(env: Readonly<Record<string, string>>): string {
  const words = Object.entries(env).map(([name, value]) => {
    if (!/^[A-Za-z_]\w*$/.test(name)) {
      throw new HardwareError('ARGUMENT_INVALID', `${JSON.stringify(name)} is not a name of an environment variable`)
    }
    return `${name}=${quote(value)}`
  })
  return words.length === 0 ? ':' : `export ${words.join(' ')}`
}
