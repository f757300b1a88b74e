import type { Duplex } from 'node:stream'

import { Serial } from '../interfaces/serial.ts'
import { type Console, defaultExpectTimeoutMs } from './console/console.ts'
import type { Guard } from './console/guards.ts'
import type { ConsoleReader } from './console/reader.ts'
import type { Conversation, ExpectOptions, Mark, Match, Pattern, SendOptions } from './console/types.ts'
import { createConsole } from './create-console.ts'
import { type ClientNode, DriverClient } from './driver-client.ts'

/** A serial port, as a console that keeps all it prints, or as plain bytes. */
export class SerialClient extends DriverClient<typeof Serial> implements Conversation {
  static readonly interface = Serial
  /** All that the port has sent since it was first used, and the cursor of this client. */
  readonly console: Console

  constructor(node: ClientNode) {
    super(node)
    const limits = () => this.limits(defaultExpectTimeoutMs)
    this.console = createConsole(node, () => this.connect(), { name: 'serial', limits })
  }

  /** How errors name it. */
  get name(): string {
    return this.console.name
  }

  /** Opens the port as a stream of bytes, besides the console. */
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

  /** What has been printed after the cursor; see {@link ConsoleReader.peek}. */
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

  /** What has been printed after a place; see {@link ConsoleReader.since}. */
  since(mark: Mark): string {
    return this.console.since(mark)
  }

  /** The lines after the cursor, as they come; see {@link ConsoleReader.lines}. */
  lines(options: ExpectOptions = {}): AsyncGenerator<string, void, void> {
    return this.console.lines(options)
  }

  /** Another reader, with a cursor of its own; see {@link Console.reader}. */
  reader(options?: Parameters<Console['reader']>[0]): ConsoleReader {
    return this.console.reader(options)
  }

  /** Makes every wait on the exporter fail as soon as something is printed; see {@link Console.guard}. */
  guard(guard: Guard): Promise<Disposable> {
    return this.console.guard(guard)
  }

  /** Waits until a shell answers; see {@link Console.shell}. */
  get shell(): Console['shell'] {
    return this.console.shell.bind(this.console)
  }

  /** Types text, or bytes, as they are; see {@link Console.send}. */
  send(text: string | Uint8Array, options?: SendOptions): Promise<void> {
    return this.console.send(text, options)
  }

  /** Types a line, with a carriage return at its end as a keyboard's Enter sends. */
  sendLine(line: string, options?: SendOptions): Promise<void> {
    return this.console.sendLine(line, options)
  }

  /** Types a line that errors do not show, such as a password. */
  secret(line: string, options?: SendOptions): Promise<void> {
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
}
