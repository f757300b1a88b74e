import { expect } from 'vitest'

import type { useLocalBoard } from '../../support/local-board.ts'

/** Kills runs that hold an exporter. @returns the milliseconds until this process has a session, for each */
export async function killHolders(board: ReturnType<typeof useLocalBoard>, kills: number): Promise<number[]> {
  const exporter = await board.start()
  const times: number[] = []
  while (times.length < kills) {
    const holder = await board.hold()
    const waiting = board.reserve(exporter)
    await waiting.waits()
    const begin = performance.now()
    holder.kill()
    await waiting.reserved
    const lease = await exporter.lease()
    times.push(performance.now() - begin)
    await lease.release()
    await exporter.free()
  }
  const sessions = board.journal().filter((line) => !line.endsWith('relax'))
  expect(sessions.filter((line) => line.endsWith('start')).length).toBe(sessions.length / 2)
  return times
}
