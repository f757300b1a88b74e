import { type Browser, chromium } from 'playwright-core'

/** The program of Debian's package, which `npm run setup` installs. */
export const chromiumPath = '/usr/bin/chromium'

/**
 * Starts Chromium without a window. It runs without its sandbox, which does not work for root in a container: tests show it only files
 * that they have made.
 */
export function startChromium(): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync']
  return chromium.launch({ executablePath: chromiumPath, args })
}
