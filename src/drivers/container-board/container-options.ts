import type { ContainerBoardConfig } from './config.ts'

/**
 * Makes the engine's form of a config.
 *
 * @param image the name of an image that the engine has
 * @param isLocal true if the engine runs on this machine
 */
export function containerOptions(
  { command, env, ports, tty }: ContainerBoardConfig,
  {
    image,
    labels,
    isLocal,
  }: { readonly image: string; readonly labels: Record<string, string>; readonly isLocal: boolean },
) {
  const published = Object.values(ports ?? {}).map((port) => `${port}/tcp`)
  return {
    Image: image,
    ...(command === undefined || command === null ? {} : { Cmd: [...command] }),
    Env: Object.entries(env ?? {}).map(([name, value]) => `${name}=${value}`),
    Tty: tty ?? false,
    OpenStdin: true,
    Labels: labels,
    ExposedPorts: Object.fromEntries(published.map((port) => [port, {}])),
    HostConfig: {
      // Other machines cannot reach the ports of an engine of this machine.
      PortBindings: Object.fromEntries(
        published.map((port) => [port, [{ HostIp: isLocal ? '127.0.0.1' : '', HostPort: '' }]]),
      ),
    },
  }
}
