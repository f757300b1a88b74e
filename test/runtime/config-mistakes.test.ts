import { describe, expect, test } from 'vitest'

import { isStandardSchema } from '../../src/base/config-schema.ts'
import { driverTypes } from '../../src/drivers/types.ts'
import { HardwareError } from '../../src/errors.ts'
import { prepareTree } from '../../src/runtime/config/build.ts'
import { readExporterFile } from '../../src/runtime/config/parse.ts'

const head = 'apiVersion: jumpstarter.dev/v1alpha1\nkind: ExporterConfig\nmetadata: { name: lab }\n'

/** The lines that a file is refused with, without the first, which names the file. */
async function mistakesOf(text: string): Promise<string[]> {
  const load = async () => prepareTree(readExporterFile(head + text, 'lab.yaml'), driverTypes)
  const error: unknown = await load().catch((failure: unknown) => failure)
  if (!(error instanceof HardwareError)) throw new Error('the file is accepted', { cause: error })
  const [first, ...lines] = error.message.split('\n')
  expect(first).toBe('lab.yaml is not a valid exporter configuration:')
  return lines.map((line) => line.trim())
}

test('a file says all mistakes of all drivers at once, each with its line, its keys and the cure', async () => {
  const mistakes = await mistakesOf(`export:
  power:
    type: vitest-hardware/drivers#SnmpOutlet
    config:
      host: pdu.lab
      version: 4
      comunity: secret
      "on": { oid: up, value: x }
  console:
    type: jumpstarter_driver_pyserial.driver.PySerial
    url: /dev/ttyUSB0
    config: { log_level: LOUD, baudrate: "fast" }
  camera:
    type: jumpstarter_driver_camera.driver.Camera
    children:
      relays:
        type: vitest-hardware/drivers#ModbusRelays
        config:
          url: tcp://10.0.0.7
          channels:
            light: { coil: 1, register: 2 }
            fan:
              coil: 99999
              speed: 3
  rack:
    children:
      shell:
        type: jumpstarter_driver_shell.driver.Shell
        config:
          methods:
            ls: { comand: ls }
            "off": ""
      light: { ref: camera.relays.light }
      nothing: { ref: camera.none.at.all }
      lost: { ref: rack.loss }
      typo: { typ: jumpstarter_driver_power.driver.MockPower }
  board:
    type: jumpstarter_driver_uboot.driver.UbootConsole
    children: { power: { ref: power }, serail: { ref: console } }
safe: [power.off]
`)
  expect(mistakes).toEqual([
    'export.console.url (line 14) is not a key of such an entry; it can have type, description, methods_description, config, children',
    "export.rack.children.typo.typ (line 39) an entry has 'type' (a driver), 'ref' or 'children'",
    'export.power.config.version (line 9) is 4; it has to be 1, 2c or 3',
    expect.stringMatching(/^export\.power\.config\.comunity \(line 10\) is an unknown key; known keys: .*community/),
    'export.power.config.on.oid (line 11) is "up"; it has to be an OID in numbers, such as 1.3.6.1.4.1.318.1.1.12.3.3.1.1.4',
    'export.power.config.on.value (line 11) is "x"; it has to be a whole number',
    'export.power.config (line 7) needs either model and outlet, or on and off with their OIDs',
    'export.console.config.log_level (line 15) is "LOUD"; it has to be DEBUG, INFO, WARNING, ERROR or CRITICAL',
    expect.stringMatching(/^export\.console\.config\.url \(line 15\) is missing; it has to be the path of a device/),
    'export.console.config.baudrate (line 15) is "fast"; it has to be a whole number above 0',
    expect.stringMatching(/^export\.camera\.type \(line 17\) is '.*Camera', for which there is no driver\. There are /),
    'export.camera.children.relays.config.channels.light (line 24) has coil and register; a relay has one of them',
    'export.camera.children.relays.config.channels.fan.coil (line 26) is 99999; it has to be a whole number from 0 to 65535',
    'export.camera.children.relays.config.channels.fan.speed (line 27) is an unknown key; known keys: coil, register, closed_value, open_value, normally_closed',
    'export.rack.children.shell.config.methods.ls.comand (line 34) is an unknown key; known keys: command, description, timeout',
    'export.rack.children.shell.config.methods.off (line 35) is empty; it has to be a command',
    expect.stringMatching(
      /^export\.board\.children \(line 42\) has no serial, which UbootConsoleDriver needs; name a driver/,
    ),
    "export.rack.children.lost.ref (line 38) points to 'rack.loss', which is not in the tree; write the names from the root down, with dots",
  ])
})

test('a mistake behind an alias or a merge has the line where it is written', async () => {
  const mistakes = await mistakesOf(`x-port: &port
  url: loop://
  parity: strange
export:
  one: { type: jumpstarter_driver_pyserial.driver.PySerial, config: *port }
  two:
    type: jumpstarter_driver_pyserial.driver.PySerial
    config:
      <<: *port
      cps: -1
`)
  const parity = 'is "strange"; it has to be none or even or odd or mark or space'
  expect(mistakes).toEqual([
    `export.one.config.parity (line 6) ${parity}`,
    `export.two.config.parity (line 6) ${parity}`,
    'export.two.config.cps (line 13) is -1; it has to be a number, 0 or above',
  ])
})

describe('every registered driver tells all mistakes of its config, with their lines and the cure', () => {
  const wrongValues = [{ wrong: 1 }, [], -1.5, true, 'neither here nor there']

  test.for(Array.from(driverTypes))('%s', async ([type, load]) => {
    const { configRules = {} } = await load()
    if (isStandardSchema(configRules)) throw new Error(`${type} does not tell its keys`)
    const wrong = Object.entries(configRules).map(([key, rule]) => {
      return [key, wrongValues.find((value) => rule(value) !== undefined)] as const
    })
    const config = [...wrong, ['unknownKey', 1] as const]
    const lines = config.map(([key, value]) => `      "${key}": ${JSON.stringify(value)}`)
    const mistakes = await mistakesOf(`export:\n  tested:\n    type: ${type}\n    config:\n${lines.join('\n')}\n`)
    const expected = config.map(([key, value], index) => {
      const cure =
        value === 1
          ? 'is an unknown key; known keys: '
          : '.*; (?:it|a number) has to be |.*; put (?:it|them) in quotes$'
      return new RegExp(`^export\\.tested\\.config\\.${key} \\(line ${8 + index}\\) (?:${cure})`)
    })
    // Keys that exclude each other, and missing children, are told besides.
    expect(mistakes).toEqual(expect.arrayContaining(expected.map((expression) => expect.stringMatching(expression))))
    expect(mistakes.filter((mistake) => !/ \(line \d+\) .*(?:[;:]|needs ).+/.test(mistake))).toEqual([])
  })
})
