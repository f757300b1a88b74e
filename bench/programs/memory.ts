import { readFileSync } from 'node:fs'

/** The most memory that a process has had at a time, in MiB. */
export function peakMemory(pid: number | 'self'): number {
  // The kernel's mark of the program alone: getrusage() also has what the process was forked from.
  return read(pid, /^VmHWM:\s+(?<kilobytes>\d+) kB/m)
}

/** The memory of a process now, in MiB. */
export function residentMemory(pid: number): number {
  return read(pid, /^VmRSS:\s+(?<kilobytes>\d+) kB/m)
}

function read(pid: number | 'self', line: RegExp): number {
  const status = readFileSync(`/proc/${pid}/status`, 'ascii')
  return Number(line.exec(status)?.groups?.['kilobytes']) / 1024
}
