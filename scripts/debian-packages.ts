import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The packages to download. */
interface DebianPackages {
  readonly architecture: 'amd64' | 'arm64'
  /** The package that depends on the newest kernel: `linux-image-cloud-arm64`. */
  readonly kernel: string
  readonly others: readonly string[]
}

/**
 * Downloads packages with Debian's apt into a folder, and extracts them into its folder `root`. The packages of the system, and
 * apt's records of them, stay as they are.
 *
 * @returns the path of the kernel
 * @throws Error with the last words of the program that failed
 */
export function extractDebianKernel(work: string, { architecture, kernel, others }: DebianPackages): string {
  const run = inFolder(work)
  writeAptConfig(work, architecture)
  run('apt-get', '--quiet', 'update')
  const depends = run('apt-cache', 'depends', kernel)
  const image = /Depends: (linux-image-\S+)/.exec(depends)?.[1]
  if (image === undefined) throw new Error(`apt knows no kernel ${kernel}`)
  run('apt-get', '--quiet', 'download', image, ...others)
  for (const name of readdirSync(work)) {
    if (name.endsWith('.deb')) run('dpkg-deb', '--extract', name, 'root')
  }
  const boot = join(work, 'root', 'boot')
  const file = readdirSync(boot).find((name) => name.startsWith('vmlinuz-'))
  if (file === undefined) throw new Error(`${image} has no vmlinuz`)
  return join(boot, file)
}

/** A state of apt beside that of the system, perhaps for another architecture. */
function writeAptConfig(work: string, architecture: string): void {
  for (const name of ['lists/partial', 'archives/partial']) mkdirSync(join(work, 'apt', name), { recursive: true })
  writeFileSync(join(work, 'apt', 'status'), '')
  const settings = {
    'APT::Architecture': architecture,
    'APT::Architectures': architecture,
    // Its user could not write here.
    'APT::Sandbox::User': 'root',
    'Dir::State': join(work, 'apt'),
    'Dir::State::status': join(work, 'apt', 'status'),
    'Dir::Cache': join(work, 'apt'),
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`)
  writeFileSync(join(work, 'apt.conf'), lines.join(''))
}

function inFolder(work: string) {
  const env = { ...process.env, APT_CONFIG: join(work, 'apt.conf'), LC_ALL: 'C' }
  return (command: string, ...args: string[]): string => {
    const { error, status, stdout, stderr } = spawnSync(command, args, { cwd: work, env, encoding: 'utf8' })
    if (error !== undefined) throw new Error(`${command} cannot be run: ${error.message}`)
    if (status === 0) return stdout
    throw new Error(`${command} ${args.join(' ')} failed: ${stderr.trim().split('\n').slice(-3).join(' ')}`)
  }
}
