import { createHash } from 'node:crypto'
import { access } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, resolve } from 'node:path'

import type { ContainerRuntimeClient } from 'testcontainers'

import { isAbandoned } from '../../base/abandoned-folders.ts'
import { loadOptionalModule } from '../../base/optional-module.ts'
import { withTimeLimit } from '../../base/time-limit.ts'
import { HardwareError, messageOf } from '../../errors.ts'

/** The longest that the engine may take for a short request, in milliseconds. */
const answerTimeoutMs = 30_000
/** The longest that the pull or the build of an image may take, in milliseconds. */
const imageTimeoutMs = 600_000

/** The labels of our containers: the machine of the exporter, and the socket on which it listens as long as it lives. */
const hostLabel = 'io.github.vitest-hardware.host'
const ownerLabel = 'io.github.vitest-hardware.owner'

/** A container of the engine, with the methods of the library's client. */
export type EngineContainer = Awaited<ReturnType<ContainerRuntimeClient['container']['create']>>

/** Options of {@link Engine.request}. */
interface RequestOptions {
  /** The longest that the request may take, in milliseconds (default 30 000). */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Blame the lab also when the engine has answered (default: the board). */
  readonly origin?: 'lab' | undefined
}

/** Makes the library's form of an image's name. */
type ParseImageName = (name: string) => Parameters<ContainerRuntimeClient['image']['exists']>[0]

/** The engine that runs the containers: Docker, or one with its API, as testcontainers finds it. */
export class Engine {
  readonly client: ContainerRuntimeClient
  readonly #parseImageName: ParseImageName

  private constructor(client: ContainerRuntimeClient, parseImageName: ParseImageName) {
    this.client = client
    this.#parseImageName = parseImageName
  }

  /**
   * Connects to the engine.
   *
   * @throws HardwareError MODULE_MISSING without testcontainers, DEVICE_IO with origin `lab` without an engine
   */
  static async connect(signal?: AbortSignal): Promise<Engine> {
    const library = await loadOptionalModule('testcontainers', 'ContainerBoard', () => import('testcontainers'))
    try {
      const limit = { name: 'the search for a container engine', timeoutMs: answerTimeoutMs, signal }
      const client = await withTimeLimit(limit, () => library.getContainerRuntimeClient())
      return new Engine(client, (name) => library.ImageName.fromString(name))
    } catch (cause) {
      const message = `No container engine answers (${messageOf(cause)}): start Docker, or set DOCKER_HOST to the address of one`
      throw new HardwareError('DEVICE_IO', message, { cause, origin: 'lab' })
    }
  }

  /** The labels for a new container. @param owner the socket of the exporter that owns it */
  labels(owner: string): Record<string, string> {
    return { [hostLabel]: hostname(), [ownerLabel]: owner }
  }

  /**
   * Makes sure that the engine has the image.
   *
   * @param source the image's name, or the path of a Dockerfile
   * @returns the name of the image
   */
  async prepareImage(
    { image, dockerfile }: { readonly image?: string | undefined; readonly dockerfile?: string | undefined },
    signal?: AbortSignal,
  ): Promise<string> {
    if (image === undefined) return this.#build(resolve(dockerfile ?? ''), signal)
    const name = this.#parseImageName(image)
    const { image: images } = this.client
    if (await this.request('look for the image', () => images.exists(name), { signal })) return image
    const pulling = { signal, timeoutMs: imageTimeoutMs, origin: 'lab' } as const
    await this.request(`pull the image ${image}`, () => images.pull(name), pulling)
    return image
  }

  /** Builds an image. Its name depends on the path alone, so that the engine's cache makes the next build short. */
  async #build(dockerfile: string, signal: AbortSignal | undefined): Promise<string> {
    await access(dockerfile).catch((cause: unknown) => {
      const message = `Cannot read the Dockerfile ${dockerfile}: ${messageOf(cause)}`
      throw new HardwareError('DEVICE_IO', message, { cause, origin: 'lab' })
    })
    const name = `vitest-hardware/${createHash('sha256').update(dockerfile).digest('hex').slice(0, 16)}:latest`
    const options = { t: name, dockerfile: basename(dockerfile), forcerm: true }
    const building = { signal, timeoutMs: imageTimeoutMs, origin: 'lab' } as const
    await this.request(`build ${dockerfile}`, () => this.client.image.build(dirname(dockerfile), options), building)
    return name
  }

  /** Removes the containers that killed exporters of this machine have left. */
  async removeLeftovers(signal?: AbortSignal): Promise<void> {
    const { dockerode } = this.client.container
    const filters = { label: [`${hostLabel}=${hostname()}`] }
    const ours = await this.request('list containers', () => dockerode.listContainers({ all: true, filters }), {
      signal,
    })
    for (const { Id, Labels } of ours) {
      const owner = Labels[ownerLabel]
      if (owner === undefined || !(await isGone(owner))) continue
      // Another exporter may be faster.
      await this.remove(dockerode.getContainer(Id))
    }
  }

  /** Removes a container with its anonymous volumes, whether it runs or not. One that is gone is no error. */
  async remove(container: EngineContainer): Promise<void> {
    await this.request('remove the container', async () => {
      try {
        await container.remove({ force: true, v: true })
      } catch (error) {
        if (!isMissing(error) && statusOf(error) !== removalUnderWay) throw error
      }
    })
  }

  /**
   * Makes a request to the engine.
   *
   * @param what the request, to follow `Cannot`: `start the container`
   * @throws HardwareError DEVICE_IO with the engine's reason, with origin `lab` when it does not answer; CALL_TIMEOUT
   */
  async request<T>(
    what: string,
    run: () => Promise<T>,
    { timeoutMs = answerTimeoutMs, signal, origin }: RequestOptions = {},
  ): Promise<T> {
    try {
      return await withTimeLimit({ name: `the engine's answer (${what})`, timeoutMs, signal, origin: 'lab' }, run)
    } catch (cause) {
      if (cause instanceof HardwareError || signal?.aborted === true) throw cause
      const message = `Cannot ${what}: ${reasonOf(cause)}`
      const isLab = origin === 'lab' || statusOf(cause) === undefined
      throw new HardwareError('DEVICE_IO', message, isLab ? { cause, origin: 'lab' } : { cause })
    }
  }
}

/** Docker Engine API: another request removes the container already. */
const removalUnderWay = 409

/** True for the engine's answer that it has no such container, or no such file in it. */
export function isMissing(error: unknown): boolean {
  const cause = error instanceof HardwareError ? error.cause : error
  return statusOf(cause) === 404
}

/** The HTTP status of the engine's answer; `undefined` if there was none. */
function statusOf(error: unknown): number | undefined {
  const { statusCode } = (error ?? {}) as { statusCode?: unknown }
  return typeof statusCode === 'number' ? statusCode : undefined
}

/** The engine's own words, which the library repeats with numbers around them. */
function reasonOf(error: unknown): string {
  const { json } = (error ?? {}) as { json?: { message?: unknown } | null }
  return typeof json?.message === 'string' ? json.message : messageOf(error)
}

/** True if no process listens on a socket. */
async function isGone(socket: string): Promise<boolean> {
  const exists = await access(socket).then(
    () => true,
    () => false,
  )
  return !exists || isAbandoned(socket)
}
