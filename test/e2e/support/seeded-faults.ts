import type { ErrorCode, ErrorOrigin } from '../../../src/errors.ts'

/** A fault that a test of `projects/blame` or `projects/origins` has. */
export interface SeededFault {
  /** The party that has to act. */
  readonly origin: ErrorOrigin
  /** The code of the error, if it is one of this package. */
  readonly code?: ErrorCode
  /** Words of the message that name the culprit. */
  readonly culprit: RegExp
  /** The last thing that was done to the hardware; none if there was no lease, or the worker has died. */
  readonly step?: string
}

/** The delay of the slow link in each direction, in milliseconds. */
export const linkDelayMs = 400

const serial = (call: string) => `dut.console.${call}`
const login = 'expect("login: ", {"timeoutMs":200})'

/** The link of the test delays each way by {@link linkDelayMs}. */
const farAway = /exporter far is (?:79\d|[89]\d\d|\d{4,}) ms away, there and back/

/** The faults, by the names of their tests; by those of their files, if they have no tests. */
export const seededFaults: Readonly<Record<string, SeededFault>> = {
  // The test.
  'value of the test': { origin: 'test', culprit: /expected 2 to be 3/, step: 'dut.power.on()' },
  'other case': {
    origin: 'test',
    code: 'CONSOLE_TIMEOUT',
    culprit: /There is "Login: " instead of "login: "/,
    step: serial(login),
  },
  anchor: {
    origin: 'test',
    code: 'CONSOLE_TIMEOUT',
    culprit: /There is "version" within a line, which \/\^version\/ matches but for \^ or \$/,
    step: serial('expect(/^version/, {"timeoutMs":200})'),
  },
  'gone past': {
    origin: 'test',
    code: 'CONSOLE_TIMEOUT',
    culprit: /"first" came before/,
    step: serial('expect("first", {"timeoutMs":200})'),
  },
  'waits for itself': { origin: 'test', culprit: /Test timed out in 300 ?ms/, step: 'dut.power.on()' },
  'sleeps for longer than its limit': {
    origin: 'test',
    culprit: /Test timed out in 300 ?ms/,
    step: 'dut.meter.current()',
  },
  'switched off': {
    origin: 'test',
    code: 'CONSOLE_TIMEOUT',
    culprit: /sagging\.power is off/,
    step: `sagging.console.${login}`,
  },
  'kills its worker': { origin: 'test', code: 'WORKER_EXITED', culprit: /has ended with signal SIGKILL/ },
  'aborts its worker': { origin: 'test', code: 'WORKER_EXITED', culprit: /has ended with signal SIGABRT/ },
  'method that no driver has': { origin: 'test', culprit: /dut\.meter\.cycle is not a function/ },
  'file that is no image': {
    origin: 'test',
    code: 'IMAGE_INVALID',
    culprit: /dut\.flasher\.flash: .*image/,
    step: 'dut.flasher.flash("faulty.yaml")',
  },
  'file that is not there': {
    origin: 'test',
    code: 'ARGUMENT_INVALID',
    culprit: /blinc\.hex/,
    step: 'dut.flasher.flash("blinc.hex")',
  },
  'selector.test.ts': { origin: 'test', code: 'SELECTOR_INVALID', culprit: /bench=a b\n +\^/ },

  // The firmware.
  panic: {
    origin: 'firmware',
    code: 'GUARD_TRIPPED',
    culprit: /dut\.console.*Kernel panic - not syncing/,
    step: 'dut.console.expect("login: ", {"timeoutMs":4000})',
  },
  'time-out in boot': {
    origin: 'firmware',
    code: 'CONSOLE_TIMEOUT',
    culprit: /Console dut\.hung did not print "login: ".*\n.*U-Boot 2024\.01\n.*Starting kernel \.\.\./,
    step: 'dut.hung.expect("login: ", {"timeoutMs":300})',
  },
  'watchdog loop': {
    origin: 'firmware',
    code: 'CONSOLE_TIMEOUT',
    culprit: /Console dut\.loops did not print "login: "[\s\S]*watchdog: reset\n.*U-Boot 2024\.01/,
    step: 'dut.loops.expect("login: ", {"timeoutMs":400})',
  },
  'output that must not come': {
    origin: 'firmware',
    culprit: /Console dut\.loops printed "watchdog: reset", which it should not print for 4000 ms/,
    step: 'expect(dut.loops).not.toPrint("watchdog: reset", {"timeoutMs":4000})',
  },
  'cut line': {
    origin: 'firmware',
    code: 'CONSOLE_TIMEOUT',
    culprit: /There is the beginning of "Kernel booted": "Kernel "/,
    step: serial('expect("Kernel booted", {"timeoutMs":200})'),
  },
  'not again after a restart': {
    origin: 'firmware',
    code: 'CONSOLE_TIMEOUT',
    culprit: /"login:\\n" came before/,
    step: serial('expect("login:\\n", {"timeoutMs":200})'),
  },
  'value of the board': {
    origin: 'firmware',
    culprit: /expected '1\.2\.3' to be '1\.2\.4'/,
    step: serial('expect(/version (\\S+)\\n/)'),
  },
  'outlives its test': {
    origin: 'firmware',
    culprit: /Console dut\.console did not print "never" so far/,
    step: serial('expect("never", {"timeoutMs":10000})'),
  },

  // The board.
  'brown-out': {
    origin: 'board',
    code: 'CONSOLE_TIMEOUT',
    culprit: /sagging\.power gives 2\.1 V, and gave 3\.3 V before/,
    step: `sagging.console.${login}`,
  },
  'too much current': { origin: 'board', culprit: /expected 2\.4 to be less than 0\.5/, step: 'dut.meter.current()' },
  'bug in a driver': {
    origin: 'board',
    code: 'CALL_FAILED',
    culprit: /dut\.meter\.calibrate: .*undefined/,
    step: 'dut.meter.calibrate()',
  },
  'result of the wrong type': {
    origin: 'board',
    code: 'RESULT_INVALID',
    culprit: /dut\.meter\.temperature: /,
    step: 'dut.meter.temperature()',
  },
  'device that does not answer': {
    origin: 'board',
    code: 'CALL_TIMEOUT',
    culprit: /dut\.meter\.settle: no answer within 200 ms/,
    step: 'dut.meter.settle()',
  },
  'wrong board': {
    origin: 'board',
    code: 'WRONG_BOARD',
    culprit: /dut\.flasher\.flash: .*signature is that of another chip/,
    step: 'dut.flasher.flash("blink.hex")',
  },

  // The lab.
  'no power': {
    origin: 'lab',
    code: 'CONSOLE_TIMEOUT',
    culprit: /dead\.power is on and gives 0 V/,
    step: `dead.console.${login}`,
  },
  'relay of a state': {
    origin: 'lab',
    culprit: /no answer from the relay/,
    step: serial('expect("# ", {"timeoutMs":100})'),
  },
  'unplugged adapter': {
    origin: 'lab',
    code: 'DEVICE_IO',
    culprit: /\/dev\/ttyUNPLUGGED is not there/,
  },
  'console that is pulled out': {
    origin: 'lab',
    culprit: /dut\.console/,
    step: serial('expect("login: ", {"timeoutMs":10000})'),
  },
  'port that another program uses': {
    origin: 'lab',
    culprit: /dut\.console\.connect: \S+port is in use/,
  },
  'wrong baud rate': {
    origin: 'lab',
    code: 'CONSOLE_TIMEOUT',
    culprit: /Most of this is no text: compare the rate of the serial line/,
    step: 'dut.line.expect("login: ", {"timeoutMs":300})',
  },
  'service that is down': {
    origin: 'lab',
    code: 'DEVICE_IO',
    culprit: /dut\.meter\.measure: fetch failed: connect ECONNREFUSED 127\.0\.0\.1:\d+/,
    step: 'dut.meter.measure()',
  },
  'program that is not installed': {
    origin: 'lab',
    code: 'PROGRAM_MISSING',
    culprit: /no-such-shell/,
    step: 'dut.tools.callMethod("probe", {})',
  },
  'exporter that dies under a console': {
    origin: 'lab',
    code: 'EXPORTER_FAILED',
    culprit: /Console dut\.console was closed: .*Exporter doomed .* ended: SIGKILL/,
    step: serial('expect("never")'),
  },
  'hook that fails': {
    origin: 'lab',
    code: 'HOOK_FAILED',
    culprit: /beforeLease hook failed with exit code 7\n +\| no relay at ttyUSB3/,
  },
  'mistake in an exporter file': { origin: 'lab', code: 'SETUP_BROKEN', culprit: /export\.meter\.typ/ },
  'driver that the exporter lacks': {
    origin: 'lab',
    code: 'DRIVERS_MISMATCH',
    culprit: /dut\.power is not exported; dut has meter/,
  },
  'board that the lab does not have': { origin: 'lab', culprit: /bench=nowhere/ },
  'wrong passphrase': { origin: 'lab', culprit: /exporter guarded: GetReport: invalid or missing passphrase/ },
  'router that is cut': { origin: 'lab', culprit: /the connection to .* was lost/, step: 'dut.power.off()' },
  'lease that is ended': {
    origin: 'lab',
    code: 'LEASE_LOST',
    culprit: /[Ll]ease/,
    step: serial('expect("login: ", {"timeoutMs":30000})'),
  },

  // The wire.
  'slow link': {
    origin: 'wire',
    code: 'CONSOLE_TIMEOUT',
    culprit: farAway,
    step: serial('expect("login: ", {"timeoutMs":500})'),
  },
  'slow link of a call': { origin: 'wire', code: 'CALL_TIMEOUT', culprit: farAway, step: 'dut.power.on()' },
  'link that is cut': {
    origin: 'wire',
    // CONNECTION_LOST, or CALL_TIMEOUT if the loss is noticed before the call.
    culprit: /dut\.power\.off: .*connection to exporter cut/,
    step: 'dut.power.off()',
  },

  // The plugin.
  'bare.test.ts': { origin: 'plugin', code: 'PLUGIN_MISSING', culprit: /add hardware\(\) from/ },
}
