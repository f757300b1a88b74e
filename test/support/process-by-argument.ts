import { readdirSync, readFileSync } from 'node:fs'

/** The processes of this machine (Linux) that have an argument, by their numbers, with their programs. */
export function processesWithArgument(argument: string): ReadonlyMap<number, string> {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => [Number(pid), argumentsOf(pid)] as const)
  return new Map(processes.filter(([, all]) => all.includes(argument)).map(([pid, [program = '']]) => [pid, program]))
}

function argumentsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    // It has ended meanwhile.
    return []
  }
}
