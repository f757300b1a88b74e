import type { Duplex } from 'node:stream'

import { Serial } from '../interfaces/serial.ts'
import { Console, defaultExpectTimeoutMs, type ExpectOptions, type Match, type Pattern } from './console.ts'
import { type ClientNode, DriverClient } from './driver-client.ts'

/** A serial port, as a console that keeps all it prints, or as plain bytes. */
export class SerialClient extends DriverClient<typeof Serial> {
  static readonly interface = Serial
  /** Everything the port has sent since it was first used. */
  readonly console: Console

  constructor(node: ClientNode) {
    super(node)
    this.console = new Console(node.path || 'serial', () => this.connect())
  }

  /** Opens the port as a stream of bytes, besides the console. */
  connect(): Promise<Duplex> {
    return this.stream('connect')
  }

  /** Begins to read the console. */
  override attach(): Promise<void> {
    return this.console.open()
  }

  /** Everything the console has printed, as text. */
  get output(): string {
    return this.console.output
  }

  /**
   * Waits until the console prints something, after what the last `expect` matched.
   *
   * @param options.timeoutMs how long to wait (default: 30 000, or most of the test's time if that is less)
   * @throws HardwareError CONSOLE_TIMEOUT with the last lines, CONSOLE_CLOSED when the port is gone
   */
  expect(pattern: Pattern, options: ExpectOptions = {}): Promise<Match> {
    return this.console.expect(pattern, { ...this.limits(defaultExpectTimeoutMs), ...options })
  }

  /** Types text, as it is. */
  send(text: string | Uint8Array): Promise<void> {
    return this.console.send(text)
  }

  /** Types a line, with a carriage return at its end as a keyboard's Enter sends. */
  sendLine(line: string): Promise<void> {
    return this.console.send(`${line}\r`)
  }

  /** Closes the port for everybody. */
  async close(): Promise<void> {
    await this.call('close')
  }

  async setDtr(active: boolean): Promise<void> {
    await this.call('setDtr', active)
  }

  async setRts(active: boolean): Promise<void> {
    await this.call('setRts', active)
  }
}
