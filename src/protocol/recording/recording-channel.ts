import type { WaitOptions } from '../../base/wait-options.ts'
import type { Recording } from '../../recording/recording.ts'
import type { Channel } from '../channel.ts'
import type { LogEntry } from '../exporter.ts'
import { type AroundChannel, type ChannelRequest, mapChannel } from '../map-channel.ts'

/** Makes a channel whose calls, streams and log lines are recorded. */
export function recordingChannel(inner: Channel, recording: Recording): Channel {
  const channel = mapChannel(() => inner, new RecordedRequests(recording))
  let lastLine = 0
  return {
    ...channel,
    report: async (options) => {
      const report = await channel.report(options)
      recording.describe(report)
      return report
    },
    openStream: async (target, options) => {
      const method = methodOf(target)
      try {
        const stream = await inner.openStream(target, options)
        recording.opened(stream, method, 'stream')
        return stream
      } catch (error) {
        recording.notOpened(method, error)
        throw error
      }
    },
    openResource: async (uuid, encoding, options) => {
      const resource = await channel.openResource(uuid, encoding, options)
      const driver = options?.label?.replace(/\.resource$/, '') ?? ''
      recording.opened(resource.stream, { driver, method: 'resource' }, 'file')
      return resource
    },
    async *logs(options): AsyncGenerator<LogEntry, void, void> {
      for await (const line of inner.logs(options)) {
        // Each reader gets the lines that the exporter has kept, too.
        const isNew = line.number === undefined || line.number > lastLine
        lastLine = line.number ?? lastLine
        if (isNew) recording.logged(line)
        yield line
      }
    },
  }
}

class RecordedRequests implements AroundChannel {
  readonly #recording: Recording

  constructor(recording: Recording) {
    this.#recording = recording
  }

  async answer<T>(request: ChannelRequest, next: (options: WaitOptions) => Promise<T>): Promise<T> {
    const { target, args = [], options } = request
    if (target === undefined) return next(options)
    const method = methodOf(target)
    const call = this.#recording.begin(method, args, { streaming: false })
    try {
      const result = await next(options)
      this.#recording.returned(call, result)
      return result
    } catch (error) {
      this.#recording.failed(call, error)
      throw error
    }
  }

  async *answers<T>(
    { target, args = [], options }: ChannelRequest,
    next: (options: WaitOptions) => AsyncGenerator<T, void, void>,
  ): AsyncGenerator<T, void, void> {
    if (target === undefined) {
      yield* next(options)
      return
    }
    const call = this.#recording.begin(methodOf(target), args, { streaming: true })
    let failure: { readonly error: unknown } | undefined
    try {
      for await (const value of next(options)) {
        this.#recording.answered(call, value)
        yield value
      }
    } catch (error) {
      failure = { error }
      throw error
    } finally {
      if (failure === undefined) this.#recording.returned(call, undefined)
      else this.#recording.failed(call, failure.error)
    }
  }
}

function methodOf({ driver = '', method }: { readonly driver?: string | undefined; readonly method: string }) {
  return { driver, method }
}
