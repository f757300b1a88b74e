import { readdirSync, readlinkSync } from 'node:fs'

import { pollUntil } from '../base/poll.ts'

/** Kinds of requests that end by themselves. */
const shortLived = /^(?:Immediate|FSReq|GetAddrInfo|GetNameInfo)/

/**
 * Notes the sockets, timers and programs that keep this process alive, and its open devices.
 *
 * @returns a function that waits until nothing more is open than now, and gives what is left at the time limit: `1 Timeout`
 */
export function noteResources(): (timeoutMs: number) => Promise<readonly string[]> {
  const before = countResources()
  const left = () =>
    Array.from(countResources()).flatMap(([name, count]) => {
      const more = count - (before.get(name) ?? 0)
      return more > 0 ? [`${more} ${name}`] : []
    })
  return async (timeoutMs) => {
    const clean = () => (left().length === 0 ? true : undefined)
    return (await pollUntil(clean, { firstMs: 5, maxMs: 100, timeoutMs })) === undefined ? left() : []
  }
}

function countResources(): ReadonlyMap<string, number> {
  const names = [...process.getActiveResourcesInfo().filter((kind) => !shortLived.test(kind)), ...openDevices()]
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

/** The paths of the devices that this process has open. Native modules open them without Node's knowledge. Only Linux tells. */
function openDevices(): readonly string[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`)
      return /^\/dev\/(?!null$|urandom$)/.test(path) ? [path] : []
    } catch {
      // It was closed in between.
      return []
    }
  })
}
