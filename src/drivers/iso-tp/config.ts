import { isRecord, rules } from '../../base/check.ts'
import type { Mistake } from '../../base/mistake.ts'
import { type CanBusConfig, canBusRules, findCanMistakes } from '../can/config.ts'
import { findAddressMistakes, type IsoTpAddressPair, type IsoTpAddressParts } from './address.ts'
import { findParamMistakes, type IsoTpParams } from './params.ts'

/** The config of `IsoTpPython`: the bus as for `Can`, the address, and the parameters. */
export interface IsoTpPythonConfig extends CanBusConfig {
  /** The address, or one for each direction as `{ tx_addr, rx_addr }`. */
  readonly address: IsoTpAddressParts | IsoTpAddressPair
  /** The parameters, with Jumpstarter's names and defaults. */
  readonly params?: Partial<IsoTpParams> | undefined
  /** An option of Jumpstarter's driver, which reads the bus in intervals. It has no effect here. */
  readonly read_timeout?: number | undefined
}

const ownRules = {
  address: rules.object,
  params: rules.optional(rules.object),
  read_timeout: rules.optional(rules.amount),
}

/** The rules for the keys of {@link IsoTpPythonConfig}. */
export const isoTpRules = { ...canBusRules, ...ownRules }

/** Finds the mistakes of a config, those in the address and in the parameters among them. */
export function findIsoTpMistakes(config: IsoTpPythonConfig): readonly Mistake[] {
  return [
    ...findCanMistakes(config, ownRules),
    ...(isRecord(config?.address) ? findAddressMistakes(config.address, ['address']) : []),
    ...(isRecord(config?.params) ? findParamMistakes(config.params) : []),
  ]
}
