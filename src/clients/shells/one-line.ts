import { HardwareError } from '../../errors.ts'

/** @throws HardwareError ARGUMENT_INVALID for a text with ends of lines or control characters, which cannot be typed */
export function refuseControls(text: string): void {
  // oxlint-disable-next-line no-control-regex
  if (/[\0-\x1f\x7f]/.test(text)) {
    throw new HardwareError('ARGUMENT_INVALID', `${JSON.stringify(text)} has line ends or control characters`)
  }
}
