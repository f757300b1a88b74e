import { call, defineInterface } from './define.ts'
import type { ResourceHandle } from './resource.ts'

/** Options of a command in a container, in the form of the wire. */
export interface ContainerCommandOptions {
  readonly env?: Readonly<Record<string, string>> | null
  /** The folder in the container (default: that of its image). */
  readonly cwd?: string | null
  /** The user in the container (default: that of its image). */
  readonly user?: string | null
}

/** The result of a command in a container, in the form of the wire. */
export interface ContainerCommandResult {
  readonly stdout: string
  readonly stderr: string
  readonly exit_code: number
}

/** A container that stands for a board, besides its power, its console and its ports, which are drivers below it. */
export const Container = defineInterface({
  client: 'vitest-hardware/clients#ContainerClient',
  methods: {
    /** `off`, or the engine's word for the state: `running`, `exited` … */
    status: call<() => string>({ idempotent: true }),
    /** Runs a program with its arguments in the running container. */
    exec: call<
      (command: readonly string[], options?: ContainerCommandOptions | null) => Promise<ContainerCommandResult>
    >(),
    /** Writes a file into the container, which may be off. @param path an absolute path in the container; its folder has to exist */
    upload: call<(source: ResourceHandle, path: string) => void>({ idempotent: true }),
    /** Reads a file of the container, which may be off. @param path an absolute path in the container */
    download: call<(target: ResourceHandle, path: string) => void>(),
  },
})
