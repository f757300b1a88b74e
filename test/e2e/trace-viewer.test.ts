import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'

import { chromiumPath, startChromium } from '../support/chromium.ts'
import { createProject, projectFile, testedVitest } from '../support/project.ts'
import { needsCommand } from '../support/system-part.ts'

const configFile = `
import { defineConfig } from 'vitest/config'
import { hardware } from 'vitest-hardware/plugin'
export default defineConfig({
  plugins: [hardware({ exporters: { 'bench-7': 'bench.yaml' } })],
  test: { reporters: ['default', ['html', { singleFile: true }]] },
})
`
/** The pictures of README.md. They are written anew with `WRITE_IMAGES=1`, for people to look at. */
const images = fileURLToPath(new URL('../../docs/images', import.meta.url))

/** The part of a page's window that the test uses. */
interface Window {
  getComputedStyle(element: unknown): { readonly backgroundColor: string }
}

const steps = [
  'dut.power.on()',
  'dut.power.read()',
  'dut.console.sendLine("version")',
  'dut.console.expect(/U-Boot (\\S+)\\n/)',
  'dut.console.sendLine("boot")',
  'dut.console.expect("login: ", {"timeoutMs":30000})',
]

/** Opens the trace of the failed test at a step. @returns the page of the bench, as a frame */
async function openTrace(page: Page, report: string, step: string) {
  await page.goto(pathToFileURL(report).href)
  await page.getByText('boots to a login').first().click()
  await page.getByText('Open trace viewer').first().click()
  await page.getByText(step).first().click()
  return page.frameLocator('iframe')
}

/**
 * The part of the terminal's output that tells of the failed test, as README.md shows it: without the times, the lines of this package
 * in the stack, and empty lines.
 */
function failureIn(text: string): string {
  const [, section = ''] = /( FAIL {2}boot[\s\S]*?location\n(?: .*boot\.test\.ts.*\n)+)/.exec(text) ?? []
  const lines = section.split('\n').filter((line) => line.trim() !== '' && !/❯ .*node_modules/.test(line))
  return lines
    .map((line) =>
      line
        .replaceAll(/\+?[\d.]+m?s\b/g, '… ms')
        .replaceAll(/ +/g, ' ')
        .trim(),
    )
    .join('\n')
}

// Vitest 4 has no trace viewer; evidence.test.ts looks at its annotations.
test.skipIf(testedVitest === '4')(
  "Vitest's HTML report shows the steps of a failed test, and the bench with the line that explains the failure",
  async ({ skip }) => {
    needsCommand(chromiumPath, skip)
    const files = { 'vitest.config.js': configFile, 'supply.ts': projectFile('blame/supply.ts') }
    await using project = await createProject(files, 'trace-viewer')
    const { code, output } = await project.vitest(['run'])
    expect(code, output).toBe(1)
    const report = join(project.folder, '.vitest/index.html')

    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
    expect(failureIn(readme)).toContain('origin: firmware')
    expect(failureIn(output)).toBe(failureIn(readme))

    await using browser = await startChromium()
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await browser.newPage({ colorScheme, viewport: { width: 1_360, height: 1_040 } })
      const bench = await openTrace(page, report, steps.at(-1) ?? '')
      for (const step of steps) await page.getByText(step, { exact: true }).first().waitFor()

      const mark = bench.locator('mark.failure')
      await mark.waitFor()
      expect(await mark.innerText()).toBe('Kernel panic - not syncing: VFS: Unable to mount root fs')
      const text = await bench.locator('body').innerText()
      expect(text).toContain('mmc0: error -110 whilst initialising SD card')
      expect(text).toMatch(/dut\.power ● on 5\.02 V, 0\.1 A/)
      expect(text, 'the lines of the console stand there once').not.toMatch(/Last lines|^ {2}[·|]/m)
      const color = await mark.evaluate(
        (element) => (globalThis as unknown as Window).getComputedStyle(element).backgroundColor,
      )
      expect(color).toBe(colorScheme === 'light' ? 'rgb(198, 40, 40)' : 'rgb(255, 138, 128)')

      if (process.env['WRITE_IMAGES'] === undefined) continue
      mkdirSync(images, { recursive: true })
      await page.screenshot({ path: join(images, `trace-viewer-${colorScheme}.png`) })
    }

    // The board panics 50 ms after the line that it is sent. The wait would go on for 30 s.
    const [, time, unit] = /expect\("login: ".*? {2}\+[\d.]+m?s +([\d.]+)(m?s)/.exec(output) ?? []
    const waitedMs = Number(time) * (unit === 's' ? 1_000 : 1)
    console.log(`the wait ended after ${waitedMs} ms`)
    expect(waitedMs).toBeLessThan(2_000)
  },
)
