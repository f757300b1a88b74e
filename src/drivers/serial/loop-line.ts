import { nextTurn } from '../../base/clock.ts'
import type { LineEvents, SerialLine } from './serial-line.ts'

/** Opens a line that returns all bytes that are written to it. */
export function openLoopLine(events: LineEvents): SerialLine {
  let over = false
  return {
    set: undefined,
    flow: undefined,
    write: (bytes) =>
      new Promise((resolve) => {
        const echo = Buffer.from(bytes)
        nextTurn(() => {
          if (!over) events.data(echo)
          resolve()
        })
      }),
    async close() {
      over = true
    },
  }
}
