import { hostPort } from '../../../base/host-port.ts'
import { HardwareError } from '../../../errors.ts'
import type { LineSettings } from '../line-settings.ts'
import { connectRemotePort } from '../remote-port.ts'
import { type ControlLines, controlNames, type LineEvents, type SerialLine } from '../serial-line.ts'
import { Rfc2217Client, type Question } from './client.ts'
import { comPort, controlValue, controlValues, decodeModemLines, settingCodecs } from './com-port.ts'

/** Options of {@link openRfc2217Line}. */
export interface Rfc2217Options extends LineSettings {
  readonly host: string
  readonly port: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Opens a serial port of another machine by telnet with RFC 2217, and sets its baud rate and the other settings. The control lines keep
 * their levels until they are set: servers without such lines, as ser2net with a pseudo terminal, do not answer.
 *
 * @throws HardwareError DEVICE_IO with origin `lab` when there is no such port, or it has other settings
 */
export async function openRfc2217Line(options: Rfc2217Options, events: LineEvents): Promise<SerialLine> {
  const { host, port, signal, baudRate, dataBits, parity, stopBits } = options
  const name = `rfc2217://${hostPort(host, port)}`
  let [isOpen, isOver] = [false, false]
  const remote = await connectRemotePort(name, { host, port, signal }, (failure) => {
    client.end(failure)
    if (isOpen && !isOver) events.closed(failure)
    isOver = true
  })
  const { socket } = remote
  const client = new Rfc2217Client(socket, name)
  socket.on('data', (bytes) => {
    try {
      for (const data of client.receive(bytes)) if (isOpen && !isOver) events.data(data)
    } catch (cause) {
      socket.destroy(remote.explain('Cannot understand', cause))
    }
  })
  const change = async (changes: Partial<LineSettings>): Promise<LineSettings> => {
    const wanted = { ...settings, ...changes }
    const codecs = settingCodecs.filter(({ key }) => changes[key] !== undefined)
    const answers = await client.ask(codecs.map((codec) => settingQuestion(codec, wanted)))
    settings = wanted
    for (const [index, codec] of codecs.entries()) {
      settings = { ...settings, ...codec.decode(answers[index] ?? Buffer.of()) }
    }
    return settings
  }
  const wanted: LineSettings = { baudRate, dataBits, parity, stopBits }
  let settings = wanted
  try {
    await client.negotiate(signal)
    const given = await change(wanted)
    const differences = settingCodecs.filter(({ key }) => given[key] !== wanted[key])
    if (differences.length > 0) {
      const list = differences.map(({ key }) => `${key} ${given[key]} instead of ${wanted[key]}`).join(', ')
      throw new HardwareError('DEVICE_IO', `${name} has other settings than asked: ${list}`, { origin: 'lab' })
    }
    signal?.throwIfAborted()
  } catch (error) {
    isOver = true
    socket.destroy()
    throw error
  }
  isOpen = true
  return {
    flow: { pause: () => client.pause(), resume: () => client.resume() },
    write: (bytes) =>
      client.write(bytes).catch((cause: unknown) => {
        throw remote.explain('Cannot write to', cause)
      }),
    set: (lines) => setLines(client, name, lines),
    change,
    async modemLines() {
      // Servers tell the state when the mask is set, when they are asked, or both; pyserial's does not answer the mask.
      client.tell(comPort.setModemStateMask, Buffer.of(0xff))
      const [state] = await client.ask([
        { command: comPort.notifyModemState, payload: Buffer.of(), name: 'NOTIFY-MODEMSTATE' },
      ])
      return decodeModemLines(state?.[0] ?? 0)
    },
    async close() {
      isOver = true
      client.end(remote.explain('Lost', new Error('it has been closed')))
      await remote.close()
    },
  }
}

function settingQuestion(codec: (typeof settingCodecs)[number], settings: LineSettings): Question {
  const names = { baudRate: 'SET-BAUDRATE', dataBits: 'SET-DATASIZE', parity: 'SET-PARITY', stopBits: 'SET-STOPSIZE' }
  return { command: codec.command, payload: codec.encode(settings), name: names[codec.key] }
}

async function setLines(client: Rfc2217Client, name: string, lines: Partial<ControlLines>): Promise<void> {
  const wanted = controlNames.flatMap((line) => {
    const isOn = lines[line]
    return isOn === undefined ? [] : [{ line, value: controlValue(line, isOn) }]
  })
  const questions = wanted.map(({ line, value }) => {
    const { on, off } = controlValues[line]
    const isAnswer = ([answer]: Buffer) => answer === on || answer === off
    return { command: comPort.setControl, payload: Buffer.of(value), name: `SET-CONTROL for ${line}`, isAnswer }
  })
  const answers = await client.ask(questions)
  const refused = wanted.filter(({ value }, index) => answers[index]?.[0] !== value).map(({ line }) => line)
  if (refused.length > 0) throw new HardwareError('DEVICE_IO', `${name} does not set ${refused.join(' and ')}`)
}
