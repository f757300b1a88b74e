import { byteStream, call, defineInterface } from './define.ts'

/** The label with which a driver tells the end of lines that its device expects: a key of {@link lineEnds}. */
export const lineEndLabel = 'vitest-hardware/line-end'

/** The ends of lines, by their names in exporter files. */
export const lineEnds: ReadonlyMap<string, string> = new Map([
  ['cr', '\r'],
  ['lf', '\n'],
  ['crlf', '\r\n'],
])

/** A serial port. */
export const Serial = defineInterface({
  client: 'jumpstarter_driver_pyserial.client.PySerialClient',
  methods: {
    /** The port's bytes, both ways. */
    connect: byteStream({ idempotent: true }),
    /** Closes the port for everybody. */
    close: call<() => void>({ idempotent: true }),
    setDtr: call<(value: boolean) => void>({ idempotent: true }),
    setRts: call<(value: boolean) => void>({ idempotent: true }),
  },
})

/** The states of the lines that the other side of a serial port drives: true for an active line. */
export interface ModemLines {
  /** Clear to send. */
  readonly cts: boolean
  /** Data set ready. */
  readonly dsr: boolean
  /** Carrier detect. */
  readonly cd: boolean
  /** Ring indicator; left out by a port that does not tell it, as a device of the exporter's machine. */
  readonly ri?: boolean | undefined
}

/** A serial port with more than Jumpstarter's has. With a driver of Jumpstarter's the additional methods end with METHOD_NOT_FOUND. */
export const SerialPort = defineInterface({
  client: Serial.client,
  methods: {
    ...Serial.methods,
    /** Sends a break of a length in milliseconds (default 250). */
    sendBreak: call<(durationMs?: number) => void>(),
    /** Reads the lines that the other side drives. */
    modemLines: call<() => ModemLines>({ idempotent: true }),
  },
})
