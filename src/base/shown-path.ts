import { isAbsolute } from 'node:path'

/** A path for a message. A relative one says where it begins: `firmware.hex (in /srv/lab)`. */
export function shownPath(path: string, folder: string = process.cwd()): string {
  return isAbsolute(path) ? path : `${path} (in ${folder})`
}
