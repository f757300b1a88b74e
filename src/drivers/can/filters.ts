import { isInteger, isRecord } from '../../base/check.ts'
import { type CanFilter, maxExtendedCanId } from '../../interfaces/can.ts'
import type { Frame } from './frame.ts'

/**
 * Makes the test of a list of filters. A frame has to pass one of them.
 *
 * @param filters null lets all frames pass
 * @throws RangeError for a wrong filter
 */
export function filterFrames(filters: unknown): (frame: Frame) => boolean {
  if (filters === null || filters === undefined) return () => true
  if (!Array.isArray(filters)) throw new RangeError('filters have to be a list')
  const checked = filters.map((filter, index) => check(filter, index))
  // The library of Jumpstarter's clients sends an empty list to let all frames pass.
  return (frame) => checked.length === 0 || checked.some((filter) => passes(frame, filter))
}

function check(filter: unknown, index: number): CanFilter {
  const { can_id: id, can_mask: mask, extended } = (isRecord(filter) ? filter : {}) as Partial<CanFilter>
  if (!isInteger(id, 0, maxExtendedCanId) || !isInteger(mask, 0, 0xffff_ffff)) {
    throw new RangeError(`filter ${index} has to have can_id and can_mask, which are numbers of at most 29 bits`)
  }
  return { can_id: id, can_mask: mask, ...(typeof extended === 'boolean' ? { extended } : {}) }
}

function passes({ id, isExtended }: Frame, { can_id: wanted, can_mask: mask, extended }: CanFilter): boolean {
  return (extended === undefined || extended === isExtended) && ((id ^ wanted) & mask & maxExtendedCanId) === 0
}
