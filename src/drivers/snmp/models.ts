/** A value to write. */
export interface SnmpWrite {
  readonly oid: string
  readonly value: number
}

/** A value to read. */
export interface SnmpMeasure {
  readonly oid: string
  /** The number by which the value is divided for volts or amperes: 1000 for millivolts (default 1). */
  readonly divisor?: number | undefined
}

/** The OIDs that switch and measure an outlet. */
export interface SnmpOids {
  readonly on: SnmpWrite
  readonly off: SnmpWrite
  /** Volts. */
  readonly voltage?: SnmpMeasure | undefined
  /** Amperes. */
  readonly current?: SnmpMeasure | undefined
}

/** A column that takes one value for on, and another for off. */
function column(oid: string, on: number, off: number): SnmpOids {
  return { on: { oid, value: on }, off: { oid, value: off } }
}

/** The OIDs of known devices, to which the number of the outlet is added. */
const models = {
  /** Rack PDU of APC, first generation, such as AP7900: rPDUOutletControlOutletCommand of PowerNet-MIB. */
  'apc-rpdu': column('1.3.6.1.4.1.318.1.1.12.3.3.1.1.4', 1, 2),
  /** Rack PDU of APC, second generation, such as AP8900: rPDU2OutletSwitchedControlCommand of PowerNet-MIB. */
  'apc-rpdu2': column('1.3.6.1.4.1.318.1.1.26.9.2.4.1.5', 1, 2),
  /** CyberPower: ePDUOutletControlOutletCommand of CPS-MIB. */
  cyberpower: column('1.3.6.1.4.1.3808.1.1.3.3.3.1.1.4', 1, 2),
  /** Eaton ePDU: outletControlOnCmd and outletControlOffCmd of EATON-EPDU-MIB take a delay in seconds; mV and mA. */
  eaton: {
    on: { oid: '1.3.6.1.4.1.534.6.6.7.6.6.1.4.0', value: 0 },
    off: { oid: '1.3.6.1.4.1.534.6.6.7.6.6.1.3.0', value: 0 },
    voltage: { oid: '1.3.6.1.4.1.534.6.6.7.6.3.1.2.0', divisor: 1000 },
    current: { oid: '1.3.6.1.4.1.534.6.6.7.6.4.1.3.0', divisor: 1000 },
  },
  /** A port of a switch with Power over Ethernet: pethPsePortAdminEnable of RFC 3621; the outlet is group and port, `1.8`. */
  poe: column('1.3.6.1.2.1.105.1.1.1.3', 1, 2),
  /** Raritan PX2 and PX3: switchingOperation of PDU2-MIB, first unit. */
  raritan: column('1.3.6.1.4.1.13742.6.4.1.2.1.2.1', 1, 0),
  /** Server Technology CDU: outletControlAction of Sentry3-MIB; the outlet is tower, infeed and outlet, `1.1.4`. */
  sentry3: column('1.3.6.1.4.1.1718.3.2.3.1.11', 1, 2),
  /** Server Technology PRO: st4OutletControlAction of Sentry4-MIB; the outlet is unit, cord and outlet, `1.1.4`. */
  sentry4: column('1.3.6.1.4.1.1718.4.1.8.5.1.2', 1, 2),
} satisfies Record<string, SnmpOids>

/** A name of a known device. */
export type SnmpModel = keyof typeof models

/** The names of the known devices. */
export const snmpModels = Object.keys(models) as readonly SnmpModel[]

/** The OIDs of one outlet of a known device. @param outlet the number of the outlet, or several with dots between */
export function oidsOf(model: SnmpModel, outlet: number | string): SnmpOids {
  const { on, off, voltage, current }: SnmpOids = models[model]
  const at = <Place extends { readonly oid: string }>(place: Place) => ({ ...place, oid: `${place.oid}.${outlet}` })
  return { on: at(on), off: at(off), voltage: voltage && at(voltage), current: current && at(current) }
}
