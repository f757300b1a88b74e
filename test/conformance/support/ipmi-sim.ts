import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { chmod, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { createPrivateFolder } from '../../../src/base/private-folder.ts'
import { Daemon } from '../../support/daemon.ts'
import { freeUdpPort } from '../../support/free-port.ts'

/** The user of the simulated management controller. */
export const user = { username: 'operator', password: 'Correct-Horse_7' }

/** Settings of the controller's network (ipmi_lan(5)). The chassis is a script. */
const lanConf = (port: number, chassis: string) => `
name "board"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 ${port}
    priv_limit admin
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdef
  endlan
  chassis_control "${chassis} 0x20"
  user 2 true  "${user.username}" "${user.password}" admin 10 none md2 md5 straight
`

/** The record of a sensor: a full sensor record of IPMI 2.0, table 43-1, with values in tenths or hundredths. */
const sensorRecord = (number: number, { type, unit, exponent, name }: Sensor) =>
  [
    ...[0, 0, 0x51, 1, 43 + name.length, 0x20, 0, number, 7, 1, 0x7f, 0x68, type, 1, 0, 0, 0, 0, 0, 0],
    ...[0, unit, 0, 0, 1, 0, 0, 0, 0, (exponent & 0xf) << 4, 0, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ...[0xc0 | name.length, ...Buffer.from(name)],
  ].map((byte) => `0x${byte.toString(16)}`)

interface Sensor {
  /** The type of the sensor, and its unit (IPMI 2.0, tables 42-3 and 43-15). */
  readonly type: number
  readonly unit: number
  readonly exponent: number
  readonly name: string
  readonly raw: number
}

/** 12.1 V, 0.25 A, and 30 degrees. */
const sensors: readonly Sensor[] = [
  { type: 2, unit: 4, exponent: -1, name: 'P1 VIN', raw: 121 },
  { type: 3, unit: 5, exponent: -2, name: 'P1 IIN', raw: 25 },
  { type: 1, unit: 1, exponent: 0, name: 'Inlet', raw: 30 },
]

/** The devices of the controller (ipmi_sim_cmd(5)). */
const emulator = [
  'mc_setbmc 0x20',
  'mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr',
  ...sensors.flatMap((sensor, index) => [
    `sensor_add 0x20 0 ${index + 1} ${sensor.type} 1`,
    `sensor_set_value 0x20 0 ${index + 1} ${sensor.raw} 0`,
    `sensor_set_event_support 0x20 0 ${index + 1} enable scanning per-state ${Array(4).fill('0'.repeat(15)).join(' ')}`,
    `main_sdr_add 0x20 ${sensorRecord(index + 1, sensor).join(' ')}`,
  ]),
  'mc_enable 0x20\n',
].join('\n')

/** Switches the power, which is a file. The file `polls` has the number of looks until a new state shows. */
const chassis = (folder: string) => `#!/bin/sh
cd ${folder}
echo "$*" >> calls
case "$2 $3" in
  'get power')
    polls=$(cat polls 2>/dev/null || echo 0)
    if [ "$polls" -gt 0 ]; then echo $((polls - 1)) > polls; elif [ -e next ]; then mv next power; fi
    echo "power:$(cat power)" ;;
  'set power') [ -e refusing ] && exit 1; echo "$4" > next; cat slow > polls 2>/dev/null; : ;;
esac
`

/** Starts ipmi_sim, OpenIPMI's management controller, on a free port of this machine. */
export async function startIpmiSim() {
  const folder = await createPrivateFolder()
  const path = (name: string) => join(folder.path, name)
  const port = await freeUdpPort()
  await writeFile(path('chassis.sh'), chassis(folder.path))
  await chmod(path('chassis.sh'), 0o700)
  await writeFile(path('power'), '0')
  await writeFile(path('calls'), '')
  await writeFile(path('lan.conf'), lanConf(port, path('chassis.sh')))
  await writeFile(path('emulator'), emulator)
  const files = ['-c', path('lan.conf'), '-f', path('emulator'), '-s', path('state')]
  const sim = await Daemon.start(['ipmi_sim', '-n', '-d', ...files], { ready: () => ping(port) })
  return {
    port,
    /** `1` for on, `0` for off. */
    power: async () => (await readFile(path('power'), 'utf8')).trim(),
    /** The commands that have reached the chassis. */
    calls: async () => (await readFile(path('calls'), 'utf8')).trim().split('\n'),
    /** Sets the number of looks until a new state shows. */
    slow: (looks: number) => writeFile(path('slow'), String(looks)),
    /** Lets the controller refuse every change of the power. */
    refuse: (isRefusing: boolean) =>
      isRefusing ? writeFile(path('refusing'), '') : rm(path('refusing'), { force: true }),
    /** Cuts the controller's power … */
    stop: () => sim.kill(),
    /** … and gives it back. */
    restart: () => sim.restart(),
    async [Symbol.asyncDispose]() {
      await sim.kill()
      await folder.remove()
    },
  }
}

/** Asks a controller for a sign of life: the presence ping of ASF 2.0, section 3.2.4.2. */
async function ping(port: number): Promise<void> {
  await using socket = createSocket('udp4')
  socket.connect(port, '127.0.0.1', () => socket.send(Buffer.from('0600ff06000011be80000000', 'hex')))
  // A closed port is an error.
  await once(socket, 'message', { signal: AbortSignal.timeout(200) })
}
