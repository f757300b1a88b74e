import { startTimer, stopTimer } from '../../../base/clock.ts'
import { hostPort } from '../../../base/host-port.ts'
import { openSocket } from '../../../driver-kit/open-socket.ts'
import { HardwareError, messageOf } from '../../../errors.ts'
import type { LineSettings } from '../line-settings.ts'
import type { ControlLines, LineEvents, SerialLine } from '../serial-line.ts'
import { Rfc2217Client, type Question } from './client.ts'
import { comPort, controlNames, controlValue, controlValues, settingCodecs } from './com-port.ts'

/** The time that the server has to end its half of the connection after this side's end, in milliseconds. */
const drainTimeoutMs = 1_000

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
 * @throws HardwareError DEVICE_IO when there is no such port, or it has other settings
 */
export async function openRfc2217Line(options: Rfc2217Options, events: LineEvents): Promise<SerialLine> {
  const { host, port, signal, baudRate, dataBits, parity, stopBits } = options
  const name = `rfc2217://${hostPort(host, port)}`
  const explain = (what: string, cause: unknown) =>
    new HardwareError('DEVICE_IO', `${what} ${name}: ${messageOf(cause)}`, { cause })
  const socket = await openSocket({ host, port, signal }).catch((cause: unknown) => {
    throw signal?.aborted === true ? cause : explain('Cannot connect to', cause)
  })
  const client = new Rfc2217Client(socket, name)
  let [isOpen, isOver] = [false, false]
  // The end of the connection is no end of the port, so it is an error: consoles connect again.
  let failure = explain('Lost', new Error('the server has closed the connection'))
  socket
    .on('data', (bytes) => {
      try {
        for (const data of client.receive(bytes)) if (isOpen && !isOver) events.data(data)
      } catch (cause) {
        socket.destroy(explain('Cannot understand', cause))
      }
    })
    .on('error', (error) => (failure = error instanceof HardwareError ? error : explain('Lost', error)))
    .on('close', () => {
      client.end(failure)
      if (isOpen && !isOver) events.closed(failure)
      isOver = true
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
        throw explain('Cannot write to', cause)
      }),
    set: (lines) => setLines(client, name, lines),
    change,
    async close() {
      isOver = true
      client.end(explain('Lost', new Error('it has been closed')))
      if (socket.closed) return
      // A socket that is closed with unread bytes is reset, and its last output may be lost.
      socket.resume().end()
      const timer = startTimer(() => socket.destroy(), drainTimeoutMs)
      await new Promise((resolve) => socket.once('close', resolve))
      stopTimer(timer)
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
