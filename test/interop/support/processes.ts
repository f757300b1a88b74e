import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

import { processTree } from './memory.ts'

/** Kills a process and its descendants, all at once. @returns their ids */
export function killTree(pid: number): number[] {
  const tree = processTree(pid)
  for (const one of tree) {
    try {
      process.kill(one, 'SIGKILL')
    } catch {
      // It has ended with its parent.
    }
  }
  return tree
}

/** Those of some processes that run; one that has ended and waits for its parent to look does not. */
export function alive(pids: readonly number[]): number[] {
  return pids.filter((pid) => {
    try {
      return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
    } catch {
      return false
    }
  })
}

/** How many sockets the processes have open (Linux). */
export function openSockets(pids: readonly number[]): number {
  return pids.flatMap((pid) => readdirSync(`/proc/${pid}/fd`).filter((fd) => isSocket(`/proc/${pid}/fd/${fd}`))).length
}

/** A file may be closed meanwhile. */
function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('socket:')
  } catch {
    return false
  }
}
