import { call, defineInterface } from './define.ts'

/** An outlet of a power distribution unit that is switched by SNMP. It cannot measure. The results are texts for people. */
export const SnmpPower = defineInterface({
  client: 'jumpstarter_driver_snmp.client.SNMPServerClient',
  safe: 'off',
  methods: {
    on: call<() => string>({ idempotent: true }),
    off: call<() => string>({ idempotent: true }),
  },
})
