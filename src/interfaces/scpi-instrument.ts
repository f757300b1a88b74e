import { call, defineInterface } from './define.ts'

/** An entry of an instrument's queue of errors (SCPI-99, volume 1, section 21.8). */
export interface ScpiError {
  /** Negative for errors of the standard: -113 is an undefined header. Positive for errors of the maker. */
  readonly code: number
  readonly message: string
}

/** An instrument that is controlled by SCPI commands: a multimeter, an oscilloscope, a load. */
export const ScpiInstrument = defineInterface({
  client: 'vitest-hardware/interfaces#ScpiInstrument',
  methods: {
    /** Sends a command that has an answer, such as `MEAS:VOLT?`, and returns the answer: one line of text. */
    query: call<(command: string) => string>(),
    /** Sends a command without an answer, such as `CONF:VOLT:DC 10`. */
    write: call<(command: string) => void>(),
    /** Empties the queue of errors, and returns what was in it. Only errors that no command has reported are left there. */
    readErrors: call<() => ScpiError[]>(),
  },
})
