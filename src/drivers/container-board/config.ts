import { findMistakes, isRecord, ruleFor, rules, throwMistakes } from '../../base/check.ts'
import { Mistake } from '../../base/mistake.ts'

/** The config of `ContainerBoard`. Paths are absolute, or relative to the folder in which the exporter runs. */
export interface ContainerBoardConfig {
  /** The image, which is pulled if this machine does not have it; either this or `dockerfile`. */
  readonly image?: string | undefined
  /** The path of a Dockerfile, which is built with its folder as the context. */
  readonly dockerfile?: string | undefined
  /** The program and its arguments (default: the image's). */
  readonly command?: readonly string[] | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  /** TCP ports of the container, by the names of the network drivers for them. */
  readonly ports?: Readonly<Record<string, number>> | undefined
  /** Files that a new container gets: paths on the exporter's machine by absolute paths in the container. */
  readonly files?: Readonly<Record<string, string>> | undefined
  /** Give the program a terminal, which a shell needs for its prompt (default false: plain streams of bytes). */
  readonly tty?: boolean | undefined
}

/** The names of the drivers that every board has. */
const reserved = ['power', 'console']

const isText = (value: unknown) => typeof value === 'string' && value !== ''

/** The rules for {@link ContainerBoardConfig}. */
export const containerRules = {
  image: rules.optional(rules.text),
  dockerfile: rules.optional(rules.text),
  command: rules.optional(rules.texts),
  env: rules.optional(
    ruleFor(
      'an object of texts',
      (value) => isRecord(value) && Object.values(value).every((text) => typeof text === 'string'),
    ),
  ),
  ports: rules.optional(
    ruleFor(
      `an object of TCP ports by names, which are not ${reserved.join(' or ')}`,
      (value) =>
        isRecord(value) &&
        Object.entries(value).every(([name, port]) => !reserved.includes(name) && rules.port(port) === undefined),
    ),
  ),
  files: rules.optional(
    ruleFor(
      'an object of paths on this machine by absolute paths in the container',
      (value) =>
        isRecord(value) && Object.entries(value).every(([target, source]) => target.startsWith('/') && isText(source)),
    ),
  ),
  tty: rules.optional(rules.flag),
}

/** @throws TypeError with all mistakes */
export function checkContainerConfig(config: ContainerBoardConfig): void {
  const mistakes = [...findMistakes(config, containerRules)]
  const isGiven = (value: unknown) => value !== undefined && value !== null
  if (isGiven(config.image) === isGiven(config.dockerfile)) {
    const [path, text] = isGiven(config.image)
      ? [['dockerfile'], 'is given besides image; leave one out']
      : [[], 'has to have image or dockerfile']
    mistakes.push(new Mistake(path, text))
  }
  throwMistakes(mistakes)
}
