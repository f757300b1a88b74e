import { readdirSync, readFileSync } from 'node:fs'

/** The most memory that a process and those it has started have had, each by itself, in MiB (`VmHWM`, Linux). */
export function peakMemory(pid: number): number {
  return Math.max(...processTree(pid).map(peakOf))
}

/** A process and its descendants. */
export function processTree(pid: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const parent = parentOf(Number(name))
    if (parent !== undefined) parents.set(Number(name), parent)
  }
  const tree = [pid]
  for (const found of tree) for (const [child, parent] of parents) if (parent === found) tree.push(child)
  return tree
}

function parentOf(pid: number): number | undefined {
  const status = read(`/proc/${pid}/status`)
  const parent = /^PPid:\s+(\d+)$/m.exec(status)?.[1]
  return parent === undefined ? undefined : Number(parent)
}

function peakOf(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024
}

/** A process may end meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
