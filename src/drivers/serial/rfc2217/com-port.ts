import type { ModemLines } from '../../../interfaces/serial.ts'
import type { LineSettings } from '../line-settings.ts'
import type { ControlLines } from '../serial-line.ts'

/** The telnet option of RFC 2217, and those that it wants besides: binary transmission (RFC 856) and no go-ahead (RFC 858). */
export const comPortOption = 44
/** Telnet's option for bytes that are sent as they are. */
export const binaryOption = 0
/** Telnet's option for connections without turns. */
export const suppressGoAheadOption = 3

/** The commands of RFC 2217, section 2, from a client. The answer to each has a number that is higher by {@link answerOffset}. */
export const comPort = {
  signature: 0,
  setBaudRate: 1,
  setDataSize: 2,
  setParity: 3,
  setStopSize: 4,
  setControl: 5,
  notifyLineState: 6,
  notifyModemState: 7,
  flowControlSuspend: 8,
  flowControlResume: 9,
  setLineStateMask: 10,
  setModemStateMask: 11,
  purgeData: 12,
} as const

/** The difference between the number of a command and that of its answer. */
export const answerOffset = 100

const parities: readonly (LineSettings['parity'] | undefined)[] = [undefined, 'none', 'odd', 'even', 'mark', 'space']
const stopSizes: readonly (LineSettings['stopBits'] | undefined)[] = [undefined, 1, 2, 1.5]
const dataSizes: readonly (LineSettings['dataBits'] | undefined)[] = [...Array<undefined>(5), 5, 6, 7, 8]

/** The form of one setting in messages. */
interface SettingCodec<K extends keyof LineSettings = keyof LineSettings> {
  readonly key: K
  readonly command: number
  encode(settings: LineSettings): Buffer
  /** @returns the setting; `undefined` for 0, which asks for the present one, and for values that nobody knows */
  decode(payload: Buffer): Partial<LineSettings> | undefined
}

const byteCodec = <K extends keyof LineSettings>(
  key: K,
  command: number,
  values: readonly (LineSettings[K] | undefined)[],
): SettingCodec<K> => ({
  key,
  command,
  encode: (settings) => Buffer.of(values.indexOf(settings[key])),
  decode: (payload) => {
    const value = values[payload[0] ?? 0]
    return value === undefined ? undefined : { [key]: value }
  },
})

/** The four settings. */
export const settingCodecs: readonly SettingCodec[] = [
  {
    key: 'baudRate',
    command: comPort.setBaudRate,
    encode({ baudRate }) {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE(baudRate)
      return bytes
    },
    decode(payload) {
      const baudRate = payload.length < 4 ? 0 : payload.readUInt32BE()
      return baudRate === 0 ? undefined : { baudRate }
    },
  },
  byteCodec('dataBits', comPort.setDataSize, dataSizes),
  byteCodec('parity', comPort.setParity, parities),
  byteCodec('stopBits', comPort.setStopSize, stopSizes),
]

/** The values of SET-CONTROL for the lines of a port: the question, and the two levels. */
export const controlValues: Readonly<
  Record<keyof ControlLines, { readonly ask: number; readonly on: number; readonly off: number }>
> = {
  brk: { ask: 4, on: 5, off: 6 },
  dtr: { ask: 7, on: 8, off: 9 },
  rts: { ask: 10, on: 11, off: 12 },
}

/** The value of SET-CONTROL for a line. */
export function controlValue(line: keyof ControlLines, isOn: boolean): number {
  const { on, off } = controlValues[line]
  return isOn ? on : off
}

/** The bits of NOTIFY-MODEMSTATE, section 3. Each has a bit that is lower by four, for its change. */
export const modemBits = { cd: 0x80, ri: 0x40, dsr: 0x20, cts: 0x10 } as const satisfies Record<
  keyof ModemLines,
  number
>

/** The bits of the lines. */
export function encodeModemLines(lines: ModemLines): number {
  const names = Object.keys(modemBits) as (keyof ModemLines)[]
  return names.reduce((bits, name) => bits | (lines[name] === true ? modemBits[name] : 0), 0)
}

/** The lines of NOTIFY-MODEMSTATE. */
export function decodeModemLines(bits: number): ModemLines {
  const has = (bit: number) => (bits & bit) !== 0
  return { cts: has(modemBits.cts), dsr: has(modemBits.dsr), cd: has(modemBits.cd), ri: has(modemBits.ri) }
}
