import { HardwareError } from '../../errors.ts'
import type { Conversation, Match, Pattern } from '../console/types.ts'

/** As who to log in. */
export interface Login {
  readonly user?: string | undefined
  readonly password?: string | undefined
}

/** What asks for a user, when nothing follows: what is typed may have answered it already. `Last login: …` asks nothing. */
export const loginPrompt: Pattern = /(?<!Last )login: (?![\s\S])/
/** What asks for a password, when nothing follows. */
export const passwordPrompt: Pattern = /[Pp]assword: ?(?![\s\S])/
/** What the prompts of shells end with, when nothing follows. It only says when to look closer. */
export const shellPrompt: Pattern = /[$#>%~] (?![\s\S])/

/** How long to wait for what follows a name or a password, in milliseconds; `login` takes three seconds to refuse one. */
const stepMs = 6_000

/**
 * Answers `login:`.
 *
 * @param see waits for one of several patterns, and gives undefined when none came in time
 * @throws HardwareError ARGUMENT_INVALID when no user is known, UNAUTHENTICATED when the login is refused
 */
export async function logIn(
  console: Conversation,
  { user, password }: Login,
  see: (patterns: readonly Pattern[], limitMs: number) => Promise<Match | undefined>,
): Promise<void> {
  if (user === undefined) {
    throw new HardwareError(
      'ARGUMENT_INVALID',
      `${console.name} asks for a login; give the shell a user and a password`,
    )
  }
  await console.sendLine(user)
  const asked = await see([passwordPrompt, loginPrompt, shellPrompt], stepMs)
  if (asked?.index === 0) {
    await console.secret(password ?? '')
    const answer = await see([loginPrompt, shellPrompt], stepMs)
    if (answer?.index === 0) refuse(console, user)
  } else if (asked?.index === 1) {
    refuse(console, user)
  }
}

function refuse(console: Conversation, user: string): never {
  throw new HardwareError('UNAUTHENTICATED', `${console.name} refuses the login of ${user}`, { origin: 'test' })
}
