import { EventEmitter } from 'node:events'
import { dirname } from 'node:path'
import { Readable, Writable } from 'node:stream'

import { Mutex } from '../../base/mutex.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import type { ContainerCommandOptions, ContainerCommandResult } from '../../interfaces/container.ts'
import { archiveOf } from './archive-of.ts'
import type { ContainerBoardConfig } from './config.ts'
import { containerOptions } from './container-options.ts'
import { type Engine, type EngineContainer, isMissing } from './engine.ts'
import { runCommand } from './run-command.ts'
import { stateAfterEnd } from './state-after-end.ts'
import { fileInTar } from './tar.ts'

/** The longest that reading or writing a file may take, in milliseconds. */
const fileTimeoutMs = 600_000

interface Events {
  /** The program has written to its console. */
  received: [Buffer]
  /** The connection to the console was cut, so that output may be missing. */
  lost: [Error]
}

/** The container of a board. It is made at its first use, and keeps its files while it is off. */
export class Container extends EventEmitter<Events> {
  readonly #config: ContainerBoardConfig
  readonly #engine: Engine
  readonly #image: string
  readonly #owner: string
  readonly #changes = new Mutex()
  #container: EngineContainer | undefined
  /** The standard input and output of the running program. */
  #line: NodeJS.ReadWriteStream | undefined

  /**
   * @param options.image the name of an image that the engine has
   * @param options.owner the socket of the exporter
   */
  constructor(
    config: ContainerBoardConfig,
    { engine, image, owner }: { readonly engine: Engine; readonly image: string; readonly owner: string },
  ) {
    super()
    this.setMaxListeners(0)
    this.#config = config
    this.#engine = engine
    this.#image = image
    this.#owner = owner
  }

  /** Starts the container. One that runs already is left alone; one that somebody has removed is made anew. */
  start(signal?: AbortSignal): Promise<void> {
    return this.#changes.run(async () => {
      const isRunning = (await this.#state(signal)) === 'running'
      if (isRunning && this.#line !== undefined) return
      const container = await this.#existing(signal)
      await this.#attach(container, signal)
      if (isRunning) return
      await this.#engine.request('start the container', () => container.start(), { signal })
    })
  }

  /** Stops the container at once, as when the power fails. */
  stop(): Promise<void> {
    return this.#changes.run(async () => {
      const state = await this.#state()
      if (this.#container === undefined || state !== 'running') return
      const container = this.#container
      await this.#engine.request('stop the container', () =>
        this.#engine.client.container.stop(container, { timeout: 0 }),
      )
    })
  }

  /** Removes the container with its files. */
  remove(): Promise<void> {
    return this.#changes.run(async () => {
      const container = this.#container
      this.#container = undefined
      this.#line = undefined
      if (container !== undefined) await this.#engine.remove(container)
    })
  }

  /** Reads the state: `off`, or the engine's word for it. */
  async state(signal?: AbortSignal): Promise<string> {
    const state = await this.#state(signal)
    return state === undefined || state === 'created' ? 'off' : state
  }

  /** Sends bytes to the program. They are lost while the container is off. */
  send(bytes: Uint8Array): Promise<void> {
    const line = this.#line
    return new Promise((resolve) => {
      // The write fails when the container stops, and the bytes are lost.
      if (line?.writable === true) line.write(bytes, () => resolve())
      else resolve()
    })
  }

  /**
   * Runs a program in the container.
   *
   * @throws HardwareError NOT_READY while the container is off, DEVICE_IO when it stops meanwhile, LIMIT_EXCEEDED for more than
   *   16 MiB of output
   */
  async exec(
    command: readonly string[],
    options: ContainerCommandOptions,
    signal?: AbortSignal,
  ): Promise<ContainerCommandResult> {
    const container = await this.#running('run a command', signal)
    const read = () => this.#state(signal)
    return runCommand(command, options, { engine: this.#engine, container, state: read, signal })
  }

  /** Writes a file into the container. @param file the path of the content on this machine */
  async write(file: string, path: string, signal?: AbortSignal): Promise<void> {
    await this.#write(await this.#changes.run(() => this.#existing(signal)), file, path, signal)
  }

  /** Reads a file of the container. */
  async read(path: string, signal?: AbortSignal): Promise<Readable> {
    const container = await this.#changes.run(() => this.#existing(signal))
    const what = `read ${path} in the container`
    const archive = await this.#engine.request(what, () => container.getArchive({ path }), { signal })
    return Readable.from(
      (async function* () {
        try {
          yield* fileInTar(archive)
        } catch (cause) {
          throw new HardwareError('DEVICE_IO', `Cannot ${what}: ${messageOf(cause)}`, { cause })
        }
      })(),
      { objectMode: false },
    )
  }

  /** Finds the port of the engine's machine that leads to a port of the container. */
  async findPort(port: number, signal?: AbortSignal): Promise<{ readonly host: string; readonly port: number }> {
    const container = await this.#running(`connect to port ${port}`, signal)
    const { NetworkSettings } = await this.#engine.request('inspect the container', () => container.inspect(), {
      signal,
    })
    const found = NetworkSettings.Ports[`${port}/tcp`]?.[0]?.HostPort
    if (found === undefined) throw new HardwareError('DEVICE_IO', `The engine has not published port ${port}`)
    return { host: this.#engine.client.info.containerRuntime.host, port: Number(found) }
  }

  async #running(what: string, signal?: AbortSignal): Promise<EngineContainer> {
    const state = await this.#state(signal)
    if (this.#container !== undefined && state === 'running') return this.#container
    throw new HardwareError('NOT_READY', `Cannot ${what}: the container is ${state ?? 'off'}`)
  }

  /** @returns the engine's word for the state; `undefined` if there is no container */
  async #state(signal?: AbortSignal): Promise<string | undefined> {
    const container = this.#container
    if (container === undefined) return undefined
    try {
      const { State } = await this.#engine.request('inspect the container', () => container.inspect(), { signal })
      return State.Status
    } catch (error) {
      if (!isMissing(error)) throw error
      // Somebody has removed it.
      if (this.#container === container) this.#container = undefined
      return undefined
    }
  }

  /** @returns the container, which is made if there is none */
  async #existing(signal?: AbortSignal): Promise<EngineContainer> {
    if (this.#container !== undefined && (await this.#state(signal)) !== undefined) return this.#container
    const container = await this.#create(signal)
    this.#container = container
    for (const [path, file] of Object.entries(this.#config.files ?? {}))
      await this.#write(container, file, path, signal)
    return container
  }

  #create(signal?: AbortSignal): Promise<EngineContainer> {
    const { container, info } = this.#engine.client
    const isLocal = ['localhost', '127.0.0.1'].includes(info.containerRuntime.host)
    const options = containerOptions(this.#config, {
      image: this.#image,
      labels: this.#engine.labels(this.#owner),
      isLocal,
    })
    return this.#engine.request('create the container', () => container.dockerode.createContainer(options), { signal })
  }

  async #attach(container: EngineContainer, signal?: AbortSignal): Promise<void> {
    const streams = { stream: true, stdin: true, stdout: true, stderr: true, hijack: true }
    const line = await this.#engine.request('open the console', () => container.attach(streams), { signal })
    line.on('error', () => undefined)
    line.once('close', () => void this.#lineClosed(container, line))
    const sink = new Writable({
      write: (bytes: Buffer, _encoding, done) => {
        this.emit('received', bytes)
        done()
      },
    })
    if (this.#config.tty === true) line.pipe(sink)
    else container.modem.demuxStream(line, sink, sink)
    this.#line = line
  }

  /** Opens the console again if the engine or the connection to it has failed, and not the program ended. */
  async #lineClosed(container: EngineContainer, line: NodeJS.ReadWriteStream): Promise<void> {
    if (this.#line !== line) return
    this.#line = undefined
    try {
      if ((await stateAfterEnd(() => this.#state())) !== 'running') return
      await this.#changes.run(async () => {
        // The container was removed, or started again, in the meantime.
        if (this.#container !== container || this.#line !== undefined) return
        await this.#attach(container)
        const message = 'The connection to the console of the container was cut, and was made again'
        this.emit('lost', new HardwareError('DEVICE_IO', message, { origin: 'lab', details: { isAway: true } }))
      })
    } catch (error) {
      this.emit('lost', error instanceof Error ? error : new Error(messageOf(error)))
    }
  }

  async #write(container: EngineContainer, file: string, path: string, signal?: AbortSignal): Promise<void> {
    const archive = await archiveOf(file, path)
    const limit = { signal, timeoutMs: fileTimeoutMs }
    try {
      await this.#engine.request(
        `write ${path} in the container`,
        () => container.putArchive(archive, { path: dirname(path) }),
        limit,
      )
    } finally {
      archive.destroy()
    }
  }
}
