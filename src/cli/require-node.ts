import { isOlder, oldestNode } from '../base/versions.ts'

/** Ends a program that an old Node.js runs, before it fails somewhere. */
export function requireNode(): void {
  if (!isOlder(process.versions.node, oldestNode)) return
  console.error(`error: vitest-hardware needs Node.js ${oldestNode} or later; this is ${process.versions.node}`)
  process.exit(2)
}
