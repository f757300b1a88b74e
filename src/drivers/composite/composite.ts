import { checkConfig } from '../../base/check.ts'
import { CompositeDriver } from '../../runtime/composite-driver.ts'
import type { Driver } from '../../runtime/driver.ts'

/** A group of drivers, the same as an entry without `type`. */
export class Composite extends CompositeDriver<Record<string, Driver>> {
  static readonly configRules = {}

  /** @throws TypeError for any key of the config */
  constructor(config: Readonly<Record<string, never>> = {}) {
    checkConfig(config, Composite.configRules)
    super({})
  }
}
