import { HardwareError } from '../../errors.ts'
import type { ScpiError } from '../../interfaces/scpi-instrument.ts'

/**
 * Reads an answer to `SYST:ERR?`: a number, a comma, and a text, which most instruments put in quotes.
 *
 * @returns code 0 for no error; `undefined` if the answer is none to this question
 */
export function parseScpiError(answer: string): ScpiError | undefined {
  const { code, text } = /^\s*(?<code>[+-]?\d{1,5})\s*,\s*(?<text>"?[^"]*[a-z].*)$/i.exec(answer)?.groups ?? {}
  if (code === undefined || text === undefined) return undefined
  return {
    code: Number(code),
    message: text
      .trim()
      .replace(/^"(?<inner>.*)"$/, '$<inner>')
      .replaceAll('""', '"'),
  }
}

/** The part of a command that the test has made. The driver has made the rest. */
export type TestsPart = 'command' | 'value' | 'nothing'

/**
 * Makes the error of a command that an instrument has put into its queue of errors.
 *
 * @param options.name the instrument in the message: `the instrument at socket://10.0.0.9:5025`
 * @param options.testsPart says if a command or a value that the instrument refuses is a mistake of the test, or of the lab's config
 */
export function scpiFailure(
  command: string,
  errors: readonly ScpiError[],
  { name, testsPart }: { readonly name: string; readonly testsPart: TestsPart },
): HardwareError {
  const list = errors.map(({ code, message }) => `${code} ${message}`).join('; ')
  const text = `${name} answers '${command}' with: ${list}`
  const code = errors[0]?.code ?? 0
  // SCPI-99, volume 1, section 21.8: -100 to -199 are errors of the command's form, and -200 to -299 of its execution or its values.
  const isForm = code <= -100 && code > -200
  const isValue = code <= -200 && code > -300
  if (!isForm && !isValue) return new HardwareError('DEVICE_IO', text)
  const isTests = testsPart === 'command' || (testsPart === 'value' && isValue)
  return isTests ? new HardwareError('ARGUMENT_INVALID', text) : new HardwareError('DEVICE_IO', text, { origin: 'lab' })
}
