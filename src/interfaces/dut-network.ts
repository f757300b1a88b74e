import { call, defineInterface, streaming } from './define.ts'

/** An address that the network has given to a device. */
export interface DhcpLease {
  /** Seconds since 1970. */
  readonly expiry: number
  readonly mac: string
  readonly ip: string
  readonly hostname: string
}

/** A name that the network's name server knows. */
export interface DnsEntry {
  readonly hostname: string
  readonly ip: string
}

/** The state of a network of devices. */
export interface DutNetworkStatus {
  readonly interface_status: {
    readonly name: string
    readonly exists: boolean
    readonly addresses: readonly string[]
  }
  readonly interface: string
  readonly upstream: string | null
  readonly subnet: string
  readonly nat_mode: string
  readonly dhcp_enabled: boolean
  readonly leases: readonly DhcpLease[]
  readonly dns_entries: readonly DnsEntry[]
  /** A text for people. */
  readonly nat_rules: string
}

/** A network of devices under test behind the exporter's machine, with addresses, names, time and a way out. */
export const DutNetwork = defineInterface({
  client: 'jumpstarter_driver_dut_network.client.DutNetworkClient',
  methods: {
    status: call<() => DutNetworkStatus>({ idempotent: true }),
    ntpStatus: call<() => { readonly enabled: boolean; readonly running: boolean }>({ idempotent: true }),
    /** The address of a device; null if it has none yet. */
    getDutIp: call<(mac: string) => string | null>({ idempotent: true }),
    getLeases: call<() => readonly DhcpLease[]>({ idempotent: true }),
    /**
     * Adds an address.
     *
     * @param mac the device that gets the address
     * @param publicIp the address by which others reach the device, if the network maps addresses
     */
    addAddress: call<(ip: string, mac?: string | null, hostname?: string, publicIp?: string | null) => void>(),
    removeAddress: call<(ip: string) => void>(),
    /** The rules in the language of nftables. */
    getNatRules: call<() => string>({ idempotent: true }),
    getDnsEntries: call<() => readonly DnsEntry[]>({ idempotent: true }),
    addDnsEntry: call<(hostname: string, ip: string) => void>(),
    removeDnsEntry: call<(hostname: string) => void>(),
    /** The lines that tcpdump prints about the network's packets. @param args arguments of tcpdump */
    tcpdump: streaming<(args?: readonly string[] | null) => string>(),
  },
})
