import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'

/** A datagram, and the port that it came from. */
export interface Datagram {
  readonly bytes: Buffer
  readonly port: number
}

/** A UDP socket of the loopback interface that is read one datagram after another. */
export class Datagrams implements Disposable {
  readonly #socket: Socket
  readonly #received: Datagram[] = []
  #wake = () => {}

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('message', (bytes, { port }) => {
      this.#received.push({ bytes, port })
      this.#wake()
    })
  }

  static async open(): Promise<Datagrams> {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return new Datagrams(socket)
  }

  /** Sends to a port of the loopback interface; a socket that is disposed of before it settles sends nothing. */
  async send(port: number, bytes: Uint8Array | string): Promise<void> {
    const content = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
    await new Promise<void>((resolve) => this.#socket.send(content, port, '127.0.0.1', () => resolve()))
  }

  /** The next datagram, as long as it takes; the test's own time limit is the bound. */
  async next(): Promise<Datagram> {
    for (;;) {
      const datagram = this.#received.shift()
      if (datagram !== undefined) return datagram
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Sends, and repeats it as clients do when a datagram is lost, until there is one to read. */
  async ask(port: number, bytes: string): Promise<Datagram> {
    await this.send(port, bytes)
    const repetition = setInterval(() => void this.send(port, bytes), 500)
    try {
      return await this.next()
    } finally {
      clearInterval(repetition)
    }
  }

  /** The number of datagrams that nobody has read. */
  get unread(): number {
    return this.#received.length
  }

  [Symbol.dispose](): void {
    this.#socket.close()
  }
}

/** A network between clients and a server on this machine that loses some of what it is given. */
export interface LossyNetwork extends AsyncDisposable {
  /** The address to which clients send datagrams for the server. */
  readonly port: number
  readonly lost: number
}

/**
 * @param serverPort where the first packet of every client goes; later ones go to the port that has answered
 * @param loses whether a packet is lost: the number of packets before it, and whether it comes from the server
 */
export async function lossyNetwork(
  serverPort: number,
  loses: (index: number, fromServer: boolean) => boolean,
): Promise<LossyNetwork> {
  const outside = createSocket('udp4')
  outside.bind(0, '127.0.0.1')
  await once(outside, 'listening')
  const clients = new Map<number, Socket>()
  const counts = { all: 0, lost: 0 }
  const passes = (fromServer: boolean) => {
    const lost = loses(counts.all++, fromServer)
    if (lost) counts.lost++
    return !lost
  }
  const connect = (client: RemoteInfo) => {
    const inside = createSocket('udp4')
    let target = serverPort
    inside.on('message', (bytes, { port }) => {
      target = port
      if (passes(true)) outside.send(bytes, client.port, client.address)
    })
    clients.set(client.port, inside)
    return Object.assign(inside, { forward: (bytes: Uint8Array) => inside.send(bytes, target, '127.0.0.1') })
  }
  const forwards = new Map<number, (bytes: Uint8Array) => void>()
  outside.on('message', (bytes, client) => {
    const forward = forwards.get(client.port) ?? connect(client).forward
    forwards.set(client.port, forward)
    if (passes(false)) forward(bytes)
  })
  return {
    port: outside.address().port,
    get lost() {
      return counts.lost
    },
    async [Symbol.asyncDispose]() {
      for (const socket of [outside, ...clients.values()]) socket.close()
    },
  }
}
