import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'

import { createPrivateFolder } from '../../src/base/private-folder.ts'
import { pythonProgram } from '../../scripts/python-environment.ts'
import { pythonEnvironmentVariables, pythonMissing } from './support/python.ts'

const missing = pythonMissing()
const timeout = 300_000

/** The packages of Jumpstarter that have drivers which we have, too. Their tests are in their wheels. */
const packages = [
  'can',
  'composite',
  'http',
  'http_power',
  'network',
  'opendal',
  'power',
  'pyserial',
  'qemu',
  'shell',
  'tftp',
]

const leaveOut = (test: string, variants: readonly string[], reason: string) =>
  Object.fromEntries(variants.map((variant) => [`${test}[${variant}]`, reason]))

/** The tests that cannot pass with another exporter, or not here, and the reasons. */
const leftOut: Readonly<Record<string, string>> = {
  ...leaveOut(
    'can/client_test.py::test_client_can_isotp',
    ['False-64', 'True-64'],
    'sends 64 bytes in frames of CAN 2.0',
  ),
  'composite/driver_test.py::test_cli_skips_uninstalled_child_drivers':
    'serves a driver that the test defines in Python',
  'composite/driver_test.py::test_cli_all_stubs_produces_empty_group':
    'serves a driver that the test defines in Python',
  'qemu/driver_test.py::test_driver_qemu': 'fetches an image of Fedora from the Internet',
  'qemu/driver_test.py::test_flash_oci_via_flasher_client': "patches functions of Python's driver",
  'qemu/driver_test.py::test_flash_oci_convenience_method': "patches functions of Python's driver",
}

interface Result {
  readonly test: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  readonly reason: string
}

/** Runs Jumpstarter's own tests, in which Python's `serve(driver)` is our exporter with a file for that driver. */
async function runUpstreamTests(): Promise<readonly Result[]> {
  const folder = await createPrivateFolder()
  onTestFinished(() => folder.remove())
  const results = join(folder.path, 'results')
  const modules = packages.map((name) => `jumpstarter_driver_${name}`)
  const options = ['-p', 'upstream_tests', '-p', 'no:cacheprovider', '-c', '/dev/null', '--rootdir', folder.path]
  const run = await execa(
    pythonProgram('python'),
    // Some tests read the standard input, which pytest keeps from them otherwise.
    ['-m', 'pytest', ...options, '-s', '--tb', 'short', '--import-mode', 'importlib', '--pyargs', ...modules],
    {
      cwd: folder.path,
      env: {
        ...pythonEnvironmentVariables(),
        PYTHONDONTWRITEBYTECODE: '1',
        NODE: process.execPath,
        SERVE_FILES: fileURLToPath(new URL('support/serve-files.ts', import.meta.url)),
        RESULTS: results,
        LEFT_OUT: Object.keys(leftOut).join(' '),
      },
      extendEnv: false,
      reject: false,
      all: true,
      stdin: 'ignore',
      timeout,
    },
  )
  // Exit code 1 is a test that has failed; it is among the results.
  if (run.exitCode !== 0 && run.exitCode !== 1) throw new Error(run.all)
  const lines = readFileSync(results, 'utf8').trim().split('\n')
  return lines.map((line) => JSON.parse(line) as Result)
}

test.skipIf(missing !== undefined)(
  `Jumpstarter's tests of its drivers pass with our exporter${missing === undefined ? '' : ` (${missing})`}`,
  { timeout },
  async () => {
    const results = await runUpstreamTests()
    const failures = results.filter(({ outcome, reason }) => outcome === 'failed' || reason.includes('our exporter'))
    expect(failures.map((one) => `${one.test}: ${one.reason}`)).toEqual([])
    // Jumpstarter's exporter passes 134, and more where iperf3 and D-Bus are installed.
    const left = Object.keys(leftOut).length
    expect(results.filter(({ outcome }) => outcome === 'passed').length).toBeGreaterThan(134 - left)
  },
)
