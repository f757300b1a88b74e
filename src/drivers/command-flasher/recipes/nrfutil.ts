import type { Recipe } from '../recipe.ts'

/** Chips of Nordic behind a J-Link: <https://docs.nordicsemi.com/bundle/nrfutil/page/nrfutil-device>. */
export const nrfutil: Recipe = {
  program: 'nrfutil',
  install: 'get it from nordicsemi.com, and run: nrfutil install device',
  version: { args: ['--version'], pattern: /nrfutil (?<version>\d[\d.]*)/, oldest: '7.0' },
  // The probes of these boards are on them, so that the serial number of the probe is that of the board.
  required: ['id'],
  optional: [],
  kinds: ['hex'],
  flash({ config, file }) {
    const reset = config.leave === undefined ? ['reset=RESET_SYSTEM'] : []
    const options = ['chip_erase_mode=ERASE_RANGES_TOUCHED_BY_FIRMWARE', 'verify=VERIFY_READ', ...reset].join(',')
    const args = ['device', 'program', '--serial-number', config.id ?? '', '--firmware', file, '--options', options]
    return [{ args, phase: 'write' }]
  },
  failures: [
    {
      pattern: /no devices? (?:were |was )?found|device not found|no such device/i,
      code: 'DEVICE_IO',
      origin: 'lab',
      text: 'no board with this serial number is there',
    },
    {
      pattern: /verif\w+ failed|mismatch/i,
      code: 'DEVICE_IO',
      text: 'the board has another content than was written',
    },
    {
      pattern: /protected|protection/i,
      code: 'DEVICE_IO',
      text: 'the chip protects its flash',
    },
  ],
}
