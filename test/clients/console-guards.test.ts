import { duplexPair } from 'node:stream'
import { describe, expect, test } from 'vitest'

import { Console, type ConsoleOptions } from '../../src/clients/index.ts'

async function line(options: ConsoleOptions = {}) {
  const [near, device] = duplexPair()
  const console = new Console('dut.console', async () => near, options)
  await console.open()
  return { console, device }
}

describe('guards', () => {
  test.each([
    ['[    1.0] Kernel panic - not syncing: VFS: Unable to mount root fs', 'kernel panic'],
    ['### ERROR ### Please RESET the board ###', 'U-Boot has stopped'],
    ['[00:00:00.010] <err> os: >>> ZEPHYR FATAL ERROR 4: Kernel panic on CPU 0', 'Zephyr fatal error'],
    ['ASSERTION FAIL [z_spin_lock_valid(l)] @ WEST_TOPDIR/zephyr/include/spinlock.h:148', 'Zephyr fatal error'],
    ['***ERROR*** A stack overflow in task main has been detected.', 'FreeRTOS stack overflow'],
    ["Guru Meditation Error: Core  0 panic'ed (LoadProhibited).", 'ESP-IDF panic'],
    ['abort() was called at PC 0x400d1234 on core 0', 'ESP-IDF panic'],
    ['assert failed: app_main main.c:12 (x == 1)', 'ESP-IDF panic'],
  ])('%s fails a wait at once', async (text, name) => {
    const { console, device } = await line()
    const wait = console.expect('login: ', { timeoutMs: 20_000 })
    device.write(`all is well\r\n${text}\r\n`)
    await expect(wait).rejects.toMatchObject({
      code: 'GUARD_TRIPPED',
      origin: 'firmware',
      message: expect.stringMatching(`did not print "login: ", because of a ${name}: it printed [^]*all is well`),
    })
  })

  test('fail a later wait that comes past them, once; what was printed before can still be found', async () => {
    const { console, device } = await line()
    device.write('one two\nKernel panic - not syncing: x\n---[ end Kernel panic - not syncing: x ]---\nU-Boot\n')
    await console.expect('one')
    await console.expect('two')
    await expect(console.expect('U-Boot')).rejects.toMatchObject({ code: 'GUARD_TRIPPED' })
    expect((await console.expect('U-Boot')).before).toContain('end Kernel panic')
  })

  test('have the whole line, and do not wait for its end for ever', async () => {
    const { console, device } = await line()
    const wait = console.expect('login: ', { timeoutMs: 20_000 })
    device.write('Kernel panic - not')
    device.write(' syncing: VFS: Unable')
    await expect(wait).rejects.toThrow('it printed "Kernel panic - not syncing: VFS: Unable"')
  })

  test('let a test expect a panic', async () => {
    const { console, device } = await line()
    const wait = console.expect(/Kernel panic - not syncing: (\w+)/)
    device.write('Kernel panic - not syncing: ')
    device.write('sysrq triggered crash\n')
    expect((await wait).captures).toEqual(['sysrq'])
    const late = console.expect('not syncing: sysrq')
    device.write('Kernel panic - not syncing: sysrq')
    await late
  })

  test('are added, with an origin, and end when they are disposed of', async () => {
    const { console, device } = await line({ guards: [] })
    device.write('watchdog reset before it was watched for\nKernel panic - not syncing\n')
    await console.expect('syncing')
    {
      using _ = await console.guard({ pattern: /watchdog reset/, origin: 'board' })
      const wait = console.expect('never')
      device.write('watchdog reset\n')
      await expect(wait).rejects.toMatchObject({
        code: 'GUARD_TRIPPED',
        origin: 'board',
        message: expect.stringContaining('because of a /watchdog reset/: it printed "watchdog reset"'),
      })
    }
    device.write('watchdog reset\nlogin: ')
    await console.expect('login: ')
    await expect(console.guard({ pattern: /[^]*x/ })).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
  })

  test('fail lines, and every reader by its own cursor', async () => {
    const { console, device } = await line()
    const seen: string[] = []
    const lines = (async () => {
      for await (const text of console.lines()) seen.push(text)
    })()
    const other = console.reader()
    device.write('one\nGuru Meditation Error: x\n')
    await expect(lines).rejects.toMatchObject({ code: 'GUARD_TRIPPED' })
    expect(seen).toEqual(['one'])
    await expect(other.expect('two')).rejects.toMatchObject({ code: 'GUARD_TRIPPED' })
    expect(console.reader({ from: 'end' }).peek()).toBe('')
  })

  test('do not trip on the echo of a typed line, but on the same words after it', async () => {
    const { console, device } = await line()
    const typed = "grep 'Kernel panic - not syncing' /log"
    await console.sendLine(typed)
    device.write(`$ ${typed}\r\n`)
    await console.expect('/log\r\n')
    // A line that is wider than the terminal, typed in pieces.
    await console.send('echo 1; grep')
    await console.sendLine(" 'Kernel panic - not syncing' /log")
    device.write("$ echo 1; \r\ngrep 'Kernel panic - not syncing' /log\r\n1\r\n")
    await console.expect('1\r\n')
    // By the terminal before the shell reads, and by the shell.
    await console.sendLine('echo Kernel panic - not syncing')
    device.write('echo Kernel panic - not syncing\r\n$ echo Kernel panic - not syncing\r\n2\r\n')
    await console.expect('2\r\n')
    const wait = console.expect('never', { timeoutMs: 20_000 })
    device.write("Kernel panic - not syncing' /log\r\n")
    device.write("Kernel panic - not syncing' /log\r\n")
    device.write("Kernel panic - not syncing' /log\r\n")
    await expect(wait).rejects.toMatchObject({ code: 'GUARD_TRIPPED' })
  })

  test('trip on a failure whose words a typed line has in another place', async () => {
    const { console, device } = await line()
    await console.sendLine('echo Kernel panic - not syncing: x')
    const wait = console.expect('never', { timeoutMs: 20_000 })
    device.write('[    1.234567] Kernel panic - not syncing: x\r\n')
    await expect(wait).rejects.toMatchObject({ code: 'GUARD_TRIPPED' })
  })
})
