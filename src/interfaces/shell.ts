import { call, defineInterface, streaming } from './define.ts'

/** A piece of a command's output. Its exit code is `null` until the last piece. */
export type ShellOutput = readonly [stdout: string, stderr: string, exitCode: number | null]

/** Commands on the exporter's machine, by their names in the exporter file. */
export const Shell = defineInterface({
  client: 'jumpstarter_driver_shell.client.ShellClient',
  methods: {
    /** The names of the commands. */
    getMethods: call<() => string[]>(),
    /** Runs a command. Its exit code is 199 when its time limit has ended it. */
    callMethod: streaming<(method: string, env: Readonly<Record<string, string>>, ...args: string[]) => ShellOutput>(),
  },
})
