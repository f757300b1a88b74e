import type { BusState } from '../link.ts'
import type { RawFrame } from './raw-channel.ts'

/** The kinds of reports in the id of an error frame (linux/can/error.h). */
const kinds = { controller: 0x04, busOff: 0x40, restarted: 0x100 } as const
/** The bits of the second byte of a report about the controller: passive by reception or by transmission, and active again. */
const details = { passive: 0x10 | 0x20, active: 0x40 } as const

/** The state of the controller after a report; undefined if the report is about something else. */
export function stateAfter({ id, data }: Pick<RawFrame, 'id' | 'data'>): BusState | undefined {
  if ((id & kinds.busOff) !== 0) return 3
  if ((id & kinds.restarted) !== 0) return 1
  const detail = (id & kinds.controller) === 0 ? 0 : (data[1] ?? 0)
  if ((detail & details.passive) !== 0) return 2
  return (detail & details.active) === 0 ? undefined : 1
}
