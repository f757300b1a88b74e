/**
 * The variables that programs usually need: where programs, folders and certificates are, the user, the language, the time zone and
 * the terminal. None of them is a secret.
 */
const usual = [
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'PWD', 'TMPDIR', 'TERM', 'TZ', 'LANG', 'LANGUAGE', 'LC_*', 'XDG_*'],
  ...['LD_LIBRARY_PATH', 'DYLD_*', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS'],
]

/**
 * Makes the environment of a program that works for others, such as a hook or the program of a driver: of this process's variables
 * only the usual ones and those that are named. Tokens and passphrases of this process do not reach it.
 *
 * @param passed more names. A `*` at the end stands for any rest: `AWS_*`, and `*` for all variables
 */
export function childEnvironment(passed: readonly string[] = []): Record<string, string> {
  const patterns = [...usual, ...passed]
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && patterns.some((pattern) => matches(entry[0], pattern)),
    ),
  )
}

function matches(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}
