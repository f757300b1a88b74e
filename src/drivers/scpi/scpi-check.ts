import type { CheckOptions, Requirement } from '../../base/requirement.ts'
import { requireAddress, requireDevice } from '../../driver-kit/requirements.ts'
import { parseSerialUrl } from '../serial/url.ts'
import type { ScpiConfig } from './config.ts'

/** Says if an instrument can be reached. */
export async function requireInstrument({ url }: ScpiConfig, options: CheckOptions): Promise<readonly Requirement[]> {
  const place = parseSerialUrl(url)
  if (place?.kind === 'socket') return [await requireAddress(place.host, place.port, options)]
  return place?.kind === 'device' ? [await requireDevice(place.path)] : []
}
