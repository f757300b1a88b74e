import { mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

import { type createProject, startVitest } from './project.ts'

/** The processes of a project: those that have its folder in their command line, or are in it, as workers are. */
export function processesWith(folder: string): { readonly pid: number; readonly command: string }[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) return []
    try {
      const command = readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' ')
      const isIn = readlinkSync(`/proc/${entry}/cwd`).startsWith(folder)
      return isIn || command.includes(folder) ? [{ pid: Number(entry), command }] : []
    } catch {
      return []
    }
  })
}

/** Starts Vitest in a new process group, as a shell does, with its own folder for temporary files. */
export function startGroup(
  project: Awaited<ReturnType<typeof createProject>>,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
) {
  const temporary = join(project.folder, 'tmp')
  mkdirSync(temporary, { recursive: true })
  const run = startVitest(project.folder, args, { TMPDIR: temporary, ...env }, { detached: true })
  return {
    run,
    /** Sends a signal to the run and all that it has started and that is still in its group. */
    signalGroup: (signal: NodeJS.Signals) => process.kill(-(run.pid ?? 0), signal),
    signal: (signal: NodeJS.Signals) => run.kill(signal),
    /** The files that are left of it; Vitest's own folders do not count. */
    leftovers: () => readdirSync(temporary).filter((name) => name.startsWith('vitest-hardware')),
  }
}
