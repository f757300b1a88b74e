import { HardwareError, messageOf } from '../../errors.ts'
import { hostPort } from '../../base/host-port.ts'

/**
 * Makes the error of a server that cannot listen, with the remedy.
 *
 * @param what the kind of server: `TFTP`
 */
export function listenError(what: string, { address, port }: { address: string; port: number }, cause: unknown) {
  const { code } = cause as NodeJS.ErrnoException
  const where = hostPort(address, port)
  const why = reasons[code ?? '']?.(port) ?? messageOf(cause)
  return new HardwareError('DEVICE_IO', `Cannot serve ${what} on ${where}: ${why}`, { cause, origin: 'lab' })
}

const reasons: Readonly<Record<string, (port: number) => string>> = {
  EACCES: (port) =>
    `this user may not use port ${port}. Set another port; or let every user have it with ` +
    `'sysctl net.ipv4.ip_unprivileged_port_start=${port}'; or give node the right to it with ` +
    `'setcap cap_net_bind_service=+ep' (EACCES)`,
  EADDRINUSE: () => 'another server has that port. End it, or set another host or port (EADDRINUSE)',
  EADDRNOTAVAIL: () => 'this machine has no such address. Set host to one that it has (EADDRNOTAVAIL)',
}
