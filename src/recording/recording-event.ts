/** The version of the format that is written. A reader accepts this version and older ones. */
export const recordingVersion = 1

/** The first line of a recording. */
export interface RecordingHeader {
  readonly format: 'vitest-hardware recording'
  readonly version: number
  /** The time of day at which the clock of the recording is 0, as ISO 8601. */
  readonly startedAt: string
  /** The versions of the programs: `vitest-hardware`, `node`, `vitest`. */
  readonly versions: Readonly<Record<string, string>>
  /** The test that the recording was written for, with its begin and end in milliseconds of the recording's clock. */
  readonly test?: RecordedTest | undefined
  /** The exporters, by the roles of the test file. */
  readonly exporters: Readonly<Record<string, RecordedExporter>>
  /** The files that were sent to drivers, such as firmware. */
  readonly files: readonly RecordedFile[]
}

/** The test of a recording. */
export interface RecordedTest {
  readonly file: string
  readonly name: string
  /** The numbers of the retry and of the repetition, as Vitest counts them. */
  readonly retry: number
  readonly repeats: number
  readonly start: number
  readonly end: number
}

/** An exporter, with the tree of its drivers as it reports it: parents before their children. */
export interface RecordedExporter {
  /** The name in the config of the run. */
  readonly name?: string | undefined
  readonly uuid?: string | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly drivers: readonly {
    readonly uuid: string
    readonly parentUuid?: string | undefined
    readonly labels: Readonly<Record<string, string>>
  }[]
}

/** A file that a test gave to a driver. */
export interface RecordedFile {
  readonly path: string
  /** The size in bytes and the hash in hexadecimal digits, of the file as it was used; missing if it has changed since. */
  readonly size?: number | undefined
  readonly sha256?: string | undefined
}

/** An error, without its stack. */
export interface RecordedError {
  readonly name: string
  readonly message: string
  /** The code and the origin of a HardwareError. */
  readonly code?: string | undefined
  readonly origin?: string | undefined
}

/** An event of the run as JSON. */
export type RunFact = { readonly type: string } & Readonly<Record<string, unknown>>

/** What happened, without its time. Values are JSON; `{ "notKept": true }` stands for one that is too large, or that is no data. */
export type RecordingFact =
  /** A call of a driver begins. `driver` is the place in the tree: `board.power`. */
  | {
      readonly type: 'call'
      readonly id: number
      readonly role: string
      readonly driver: string
      readonly method: string
      readonly args: readonly unknown[]
      /** True for a call with many answers. */
      readonly streaming?: true | undefined
    }
  /** One answer of a call with many. */
  | { readonly type: 'item'; readonly id: number; readonly value: unknown }
  /** A call ends, with its result or its error. */
  | {
      readonly type: 'return'
      readonly id: number
      readonly durationMs: number
      readonly value?: unknown
      readonly error?: RecordedError | undefined
    }
  /** A byte stream of a driver opens, or a stream for a file, of which only the sizes are kept. */
  | {
      readonly type: 'open'
      readonly id: number
      readonly role: string
      readonly kind: 'stream' | 'file'
      readonly driver: string
      readonly method: string
    }
  /** Bytes of a stream: `in` comes from the driver. */
  | { readonly type: 'bytes'; readonly id: number; readonly direction: 'in' | 'out'; readonly bytes: Uint8Array }
  /** Bytes of a fast stream that were not kept. They came before the next event of the stream. */
  | { readonly type: 'skipped'; readonly id: number; readonly direction: 'in' | 'out'; readonly bytes: number }
  /** A stream is closed, after so many bytes in each direction. */
  | {
      readonly type: 'close'
      readonly id: number
      readonly bytesIn: number
      readonly bytesOut: number
      readonly error?: RecordedError | undefined
    }
  /** From now on a console reads a stream: the incoming bytes of the stream are the `output` of the console. */
  | { readonly type: 'console'; readonly console: string; readonly id: number }
  /** Output of a console, as bytes of the device. */
  | { readonly type: 'output'; readonly console: string; readonly bytes: Uint8Array }
  /** A guard has found a failure of the board. */
  | { readonly type: 'guard'; readonly message: string }
  /** A step of the test begins: a call of a client, a wait for a console, a named part. */
  | {
      readonly type: 'step'
      readonly id: number
      readonly parent?: number | undefined
      readonly kind: string
      readonly target: string
      readonly args: readonly unknown[]
      /** The line of the test: `board.test.ts:12:3`. */
      readonly site?: string | undefined
    }
  /** A step ends. The result of a wait for a console is the text that it matched. */
  | {
      readonly type: 'stepEnd'
      readonly id: number
      readonly durationMs: number
      readonly result?: unknown
      readonly error?: RecordedError | undefined
    }
  /** A line of the exporter's log, or of one of its hooks. */
  | {
      readonly type: 'log'
      readonly role: string
      readonly severity: string
      readonly source: string
      readonly message: string
    }
  /** An event of the run: a lease, a wait, an exporter that failed. */
  | { readonly type: 'run'; readonly event: RunFact }
  /** Something older than this is missing, because a limit was reached. */
  | { readonly type: 'dropped'; readonly what: string; readonly count: number; readonly bytes: number }

/** Something that happened, at a time in milliseconds of the recording's clock, which never goes back. */
export type RecordingEvent = RecordingFact & { readonly at: number }

/** A recording as a whole. */
export interface RecordingFile {
  readonly header: RecordingHeader
  /** In the order of their times. */
  readonly events: readonly RecordingEvent[]
}
