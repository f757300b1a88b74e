import type { Duplex } from 'node:stream'

import { type ModemLines, SerialPort } from '../../interfaces/serial.ts'
import type { Console } from '../console.ts'
import { defaultExpectTimeoutMs } from '../console/console-base.ts'
import type { Guard } from '../console/guards.ts'
import type { ConsoleReader } from '../console/reader.ts'
import type {
  Conversation,
  ExpectOptions,
  IsSystemLine,
  Mark,
  Match,
  Pattern,
  SendLineOptions,
  SendOptions,
  WatchedCommand,
} from '../console/types.ts'
import { createConsole } from '../create-console.ts'
import type { ClientNode } from '../client-node.ts'
import { DriverClient } from '../driver-client.ts'

/** The time for which a wait goes on while the device is away, in milliseconds: enough for a Linux to make its port on USB. */
const defaultReturnTimeoutMs = 30_000

/** A serial port, as a console that keeps all output, or as plain bytes. */
export class SerialClient extends DriverClient<typeof SerialPort> implements Conversation {
  static readonly interface = SerialPort
  /** All output of the port since its first use, and the cursor of this client. */
  readonly console: Console

  constructor(node: ClientNode) {
    super(node)
    const limits = () => this.limits(defaultExpectTimeoutMs)
    const { returnTimeoutMs = defaultReturnTimeoutMs } = node
    this.console = createConsole(node, () => this.connect(), { name: 'serial', limits, returnTimeoutMs })
  }

  /** The name in errors. */
  get name(): string {
    return this.console.name
  }

  /** Opens the port as a stream of bytes, in addition to the console. */
  connect(): Promise<Duplex> {
    return this.stream('connect')
  }

  /** Begins to read the console. */
  override attach(): Promise<void> {
    return this.console.open()
  }

  /** Everything the console has printed; see {@link ConsoleReader.all}. */
  get all(): string {
    return this.console.all
  }

  /** Waits until the console prints something; see {@link ConsoleReader.expect}. */
  expect(pattern: Pattern | readonly Pattern[], options: ExpectOptions = {}): Promise<Match> {
    return this.console.expect(pattern, { ...this.limits(defaultExpectTimeoutMs), ...options })
  }

  /** Reads the output after the cursor; see {@link ConsoleReader.peek}. */
  peek(): string {
    return this.console.peek()
  }

  /** The place of the cursor; see {@link ConsoleReader.mark}. */
  mark(): Mark {
    return this.console.mark()
  }

  /** Moves the cursor behind everything that has been printed; see {@link ConsoleReader.skip}. */
  skip(): void {
    this.console.skip()
  }

  /** Reads the output after a place; see {@link ConsoleReader.since}. */
  since(mark: Mark): string {
    return this.console.since(mark)
  }

  /** Reads the output after a place, as bytes; see {@link ConsoleReader.rawSince}. */
  rawSince(mark: Mark): Buffer {
    return this.console.rawSince(mark)
  }

  /** Replaces secrets in a text for an error; see {@link ConsoleReader.masked}. */
  masked(text: string): string {
    return this.console.masked(text)
  }

  /** The lines after the cursor, as they come; see {@link ConsoleReader.lines}. */
  lines(options: ExpectOptions = {}): AsyncGenerator<string, void, void> {
    return this.console.lines(options)
  }

  /** Makes another reader with another cursor; see {@link Console.reader}. */
  reader(options?: Parameters<Console['reader']>[0]): ConsoleReader {
    return this.console.reader(options)
  }

  /** Makes every wait on the exporter fail as soon as something is printed; see {@link Console.guard}. */
  guard(guard: Guard): Promise<Disposable> {
    return this.console.guard(guard)
  }

  /** Keeps the words of guards in the output of a command; see {@link Conversation.watchCommand}. */
  watchCommand(isSystemLine: IsSystemLine | undefined): WatchedCommand {
    return this.console.watchCommand(isSystemLine)
  }

  /** Waits until a shell answers; see {@link Console.shell}. */
  get shell(): Console['shell'] {
    return this.console.shell.bind(this.console)
  }

  /** Types text, or bytes, as they are; see {@link Console.send}. */
  send(text: string | Uint8Array, options?: SendOptions): Promise<void> {
    return this.console.send(text, options)
  }

  /** Types a line and its end; see {@link Console.sendLine}. */
  sendLine(line: string, options?: SendLineOptions): Promise<void> {
    return this.console.sendLine(line, options)
  }

  /** Types a line that errors do not show, such as a password. */
  secret(line: string, options?: SendLineOptions): Promise<void> {
    return this.console.secret(line, options)
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

  /**
   * Sends a break, for example for a console's system request.
   *
   * @param durationMs its length in milliseconds (default 250)
   * @throws HardwareError METHOD_NOT_FOUND for a port of Jumpstarter's, DEVICE_IO for a port that cannot, such as a pseudo terminal
   */
  async sendBreak(durationMs?: number): Promise<void> {
    await (durationMs === undefined ? this.call('sendBreak') : this.call('sendBreak', durationMs))
  }

  /**
   * Reads the lines that the other side drives: CTS, DSR, CD, and RI where the port tells it.
   *
   * @throws HardwareError METHOD_NOT_FOUND for a port of Jumpstarter's, NOT_IMPLEMENTED or DEVICE_IO for a port that has no such lines
   */
  modemLines(): Promise<ModemLines> {
    return this.call('modemLines')
  }
}
