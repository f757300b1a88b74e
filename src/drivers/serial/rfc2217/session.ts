import { once } from 'node:events'
import { Duplex } from 'node:stream'

import { HardwareError, messageOf } from '../../../errors.ts'
import { binaryOption, comPortOption, suppressGoAheadOption } from './com-port.ts'
import { type ServedPort, ServerCommands } from './server-commands.ts'
import { escapeTelnet, TelnetDecoder, type TelnetPart, telnetNegotiation, telnetSubnegotiation } from './telnet.ts'
import { TelnetOptions } from './telnet-options.ts'

/**
 * Serves a serial port by telnet with RFC 2217: the stream is what a client's TCP connection carries. The port is open as long as the
 * stream, and has its old settings again at the end.
 *
 * @param warn gets what the port could not do
 */
export async function createRfc2217Session(port: ServedPort, warn: (message: string) => void): Promise<Duplex> {
  const serial = await port.connect()
  const decoder = new TelnetDecoder()
  let [isSuspended, hasEnded] = [false, false]
  const send = (bytes: Uint8Array) => hasEnded || session.push(bytes)
  const end = () => {
    if (!hasEnded) session.push(null)
    hasEnded = true
  }
  const options = new TelnetOptions({
    us: [binaryOption, suppressGoAheadOption],
    them: [comPortOption, binaryOption, suppressGoAheadOption],
    send: (verb, option) => void send(telnetNegotiation(verb, option)),
    settled: (side, option, isActive) => {
      if (side === 'them' && option === comPortOption && isActive) commands.start()
    },
  })
  const commands = new ServerCommands({
    port,
    warn,
    answer: (command, payload) => void send(telnetSubnegotiation(comPortOption, Uint8Array.of(command, ...payload))),
    suspend(isOn) {
      isSuspended = isOn
      if (isOn) serial.pause()
      else serial.resume()
    },
  })
  const take = async (part: TelnetPart) => {
    if (part.kind === 'negotiation') options.receive(part.verb, part.option)
    else if (part.kind === 'subnegotiation') {
      if (part.option === comPortOption) await commands.take(part.payload)
    } else if (!serial.write(part.bytes)) await Promise.race([once(serial, 'drain'), once(serial, 'close')])
  }
  const session: Duplex = new Duplex({
    allowHalfOpen: false,
    read() {
      if (!isSuspended) serial.resume()
    },
    write(chunk: Buffer, _encoding, done) {
      const work = async () => {
        // In their order: what is sent before a change of the baud rate has the old one.
        for (const part of decoder.push(chunk)) await take(part)
      }
      work().then(
        () => done(),
        (error: unknown) => done(explain(error)),
      )
    },
    // A client that has nothing more to send has gone: telnet has no half connections.
    final(done) {
      end()
      done()
    },
    destroy(error, done) {
      hasEnded = true
      void commands.restore().finally(() => {
        serial.destroy()
        done(error)
      })
    },
  })
  serial
    .on('data', (bytes: Buffer) => {
      if (!send(escapeTelnet(bytes))) serial.pause()
    })
    .on('end', end)
    .on('error', (error: Error) => session.destroy(error))
    .on('close', () => session.destroy())
  options.start()
  return session
}

function explain(error: unknown): Error {
  if (error instanceof HardwareError) return error
  const message = `The RFC 2217 client sends what cannot be understood: ${messageOf(error)}`
  return new HardwareError('PROTOCOL_VIOLATION', message, { cause: error })
}
