import { call, defineInterface, streaming } from './define.ts'

/** A piece of a command's output. Its exit code is `null` until the last piece. */
export type ShellOutput = readonly [stdout: string, stderr: string, exitCode: number | null]

/** Commands of the exporter's machine, under names that its configuration gives them. */
export const Shell = defineInterface({
  client: 'jumpstarter_driver_shell.client.ShellClient',
  methods: {
    /** The names. */
    getMethods: call<() => string[]>(),
    /** Runs one of them; 199 is the exit code of one that ran out of time. */
    callMethod: streaming<(name: string, env: Readonly<Record<string, string>>, ...args: string[]) => ShellOutput>(),
  },
})
