import type { Duplex } from 'node:stream'

import { type ErrorDetails, HardwareError, messageOf } from '../../errors.ts'
import { encodePacket, type GdbUnit, PacketSplitter } from './packet.ts'

/** How often in a row a packet may be damaged, in either direction. */
const maxDamaged = 5

/** Options of {@link GdbLink}. */
export interface GdbLinkOptions {
  /** The name of the stub in errors: `dut.gdb`. */
  readonly name: string
  readonly details?: ErrorDetails | undefined
  /** Gets a sentence about each packet that nobody waits for, and about damaged ones. */
  readonly onStray?: ((sentence: string) => void) | undefined
}

/** Takes what comes over a {@link GdbLink}. */
export interface GdbLinkEvents {
  packet(content: Buffer): void
  lost(reason: HardwareError): void
}

/** A connection to a stub: packets are acknowledged, and sent again when they are damaged on the way. */
export class GdbLink {
  readonly #stream: Duplex
  readonly #options: GdbLinkOptions
  readonly #events: GdbLinkEvents
  readonly #splitter = new PacketSplitter()
  #sent: Buffer | undefined
  #damaged = 0
  #lost: HardwareError | undefined

  /** @param stream is destroyed with the link */
  constructor(stream: Duplex, options: GdbLinkOptions, events: GdbLinkEvents) {
    this.#stream = stream
    this.#options = options
    this.#events = events
    stream.on('data', (piece: Buffer) => {
      for (const unit of this.#splitter.push(piece)) this.#receive(unit)
    })
    stream.on('error', (error) => this.lose(messageOf(error), error))
    stream.on('end', () => this.lose('the other side has closed it'))
    stream.on('close', () => this.lose('it was closed'))
    // A packet of an earlier debugger may wait for it.
    stream.write('+')
  }

  /** The reason why the link is broken; `undefined` while it is not. */
  get lost(): HardwareError | undefined {
    return this.#lost
  }

  send(content: string | Uint8Array): void {
    this.#sent = encodePacket(content)
    this.sendBytes(this.#sent)
  }

  /** Sends bytes that are no packet. */
  sendBytes(bytes: string | Uint8Array): void {
    if (this.#lost === undefined) this.#stream.write(bytes)
  }

  /** Breaks the link. May be called again. */
  lose(reason: string, cause?: unknown): void {
    if (this.#lost !== undefined) return
    const { name, details } = this.#options
    const message = `${name}: lost the connection to the debugger's stub: ${reason}`
    const origin = cause instanceof HardwareError ? cause.origin : 'lab'
    this.#lost = new HardwareError('DEVICE_IO', message, { cause, origin, details })
    this.#stream.on('error', () => undefined).destroy()
    this.#events.lost(this.#lost)
  }

  #receive(unit: GdbUnit): void {
    if (this.#lost !== undefined) return
    switch (unit.kind) {
      case 'ack':
        return
      case 'nak':
        if (this.#countDamaged('the stub gets damaged packets') && this.#sent !== undefined) this.sendBytes(this.#sent)
        return
      case 'damaged':
        if (this.#countDamaged(unit.reason)) this.sendBytes('-')
        return
      case 'notification':
        this.#options.onStray?.(`the notification ${showPacket(unit.content)}`)
        return
      case 'packet':
        this.#damaged = 0
        this.sendBytes('+')
        this.#events.packet(unit.content)
    }
  }

  /** @returns false if that was once too often */
  #countDamaged(reason: string): boolean {
    this.#options.onStray?.(reason)
    this.#damaged++
    if (this.#damaged <= maxDamaged) return true
    this.lose(`${reason}, ${this.#damaged} times in a row`)
    return false
  }
}

/** Shows the content of a packet in an error. */
export function showPacket(content: string | Uint8Array): string {
  const text = JSON.stringify(Buffer.from(content).toString('latin1'))
  return text.length <= 80 ? text : `${text.slice(0, 76)}…"`
}
