/** Fails when the generated protocol code is not what its .proto files generate. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const committed = 'src/protocol/generated'
const saved = mkdtempSync(join(tmpdir(), 'generated-'))
const read = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .toSorted()
    .map((file) => `${file}\n${readFileSync(join(folder, file), 'utf8')}`)
    .join('\n')

cpSync(committed, saved, { recursive: true, preserveTimestamps: true })
try {
  execFileSync('npm', ['run', '--silent', 'generate'], { stdio: ['ignore', 'ignore', 'inherit'] })
  if (read(committed) !== read(saved)) {
    console.error(`${committed} was stale; 'npm run generate' has brought it up to date`)
    process.exitCode = 1
  } else {
    // With their old times, so that the build is still newer than its sources.
    cpSync(saved, committed, { recursive: true, preserveTimestamps: true })
  }
} finally {
  rmSync(saved, { recursive: true })
}
