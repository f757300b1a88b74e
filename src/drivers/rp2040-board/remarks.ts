import type { Logger } from 'rp2040js'

/** Makes a log for the library that passes on its warnings and errors. The library throws on errors otherwise. */
export function createRemarks(remark: (text: string) => void): Logger {
  const pass = (component: string, message: string) => remark(`${component}: ${message}`)
  return { debug() {}, info() {}, warn: pass, error: pass }
}
