import { type ChildProcess, fork } from 'node:child_process'
import { extname } from 'node:path'

import { compileCacheEnvironment } from '../../base/compile-cache.ts'
import { type LogLevel, logLevelVariable } from '../../base/log-level.ts'

/** The arguments of an exporter's process. */
export interface ForkOptions {
  /** The exporter's file: YAML, or a module that calls `defineExporter()`. */
  readonly file: string
  /** A folder that the exporter's process removes when this process has ended. */
  readonly runFolder?: string | undefined
  /** The mildest lines of the drivers' log that the process prints (default: by `VITEST_HARDWARE_LOG`). */
  readonly logLevel?: LogLevel | undefined
}

/**
 * Starts the process of an exporter. It is no ProcessGroup: a message over IPC ends it, so that it leaves its devices safe, and
 * SIGKILL is the last resort. `fork` gives that channel, and calls back for each message that could not be sent.
 */
export function forkExporter({ file, runFolder, logLevel }: ForkOptions): ChildProcess {
  const entry = new URL(`../../exporter-process/main${extname(import.meta.url)}`, import.meta.url)
  return fork(entry, [file, ...(runFolder === undefined ? [] : [runFolder])], {
    execArgv: [],
    // The process leads a session, so that signals of a terminal or a shell for the whole group reach neither it nor its drivers.
    detached: true,
    env: {
      ...process.env,
      ...compileCacheEnvironment(),
      ...(logLevel === undefined ? {} : { [logLevelVariable]: logLevel }),
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
}
