import { HardwareError } from '../../errors.ts'
import type { Conversation, Mark, Match, Pattern } from '../console/types.ts'
import { lastLines } from './command-error.ts'

/** The user of a login, and the texts with which the board asks. */
export interface Login {
  /** The user of the login, if the console asks for one. */
  readonly user?: string | undefined
  /** The password. It is typed once; a board that refuses it, or asks again, is an error. */
  readonly password?: string | undefined
  /** The question for a user (default: `login:` or `Username:` at the end of the output). */
  readonly loginPrompt?: Pattern | undefined
  /**
   * The question for a password (default: a line at the end of the output that has the word in English or in one of some other
   * languages, and a colon: `Password for root: `, `Passwort: `).
   */
  readonly passwordPrompt?: Pattern | undefined
  /** The end of the shell's prompt (default: `$`, `#`, `>`, `%` or `~` with a blank, at the end of the output). */
  readonly prompt?: Pattern | undefined
}

/** The question for a user, if nothing follows: typed text may have answered it already. `Last login: …` is no question. */
const loginPrompt: Pattern = /(?:(?<!Last )[Ll]ogin|[Uu]ser ?name): ?(?![\s\S])/
/** The question for a password, if nothing follows. */
const passwordPrompt: Pattern =
  /(?:[Pp]ass(?:word|wort|phrase|code)|Kennwort|[Mm]ot de passe|[Cc]ontraseña|[Ss]enha|[Ww]achtwoord|[Hh]asło|[Пп]ароль|密码|パスワード)[^\n:：]{0,80}[:：] ?(?![\s\S])/
/** The end of a shell's prompt, if nothing follows. Other output may look the same, so a probe has to verify it. */
export const shellPrompt: Pattern = /[$#>%~] (?![\s\S])/

/** The time to wait after a name or a password, in milliseconds; `login` takes three seconds to refuse one. */
const stepMs = 6_000

/** An unknown question that stands for so long has no answer, in milliseconds. */
const questionMs = 2_000

/** Waits for one of several patterns. @returns `undefined` if none came in time */
type See = (patterns: readonly Pattern[], limitMs: number) => Promise<Match | undefined>

/** One login. It types the password once: another try with a wrong one could lock the account. */
export class LinuxLogin {
  /** The questions for a user and for a password, and the prompt of the shell. */
  readonly patterns: readonly [Pattern, Pattern, Pattern]
  readonly #console: Conversation
  readonly #login: Login
  readonly #see: See
  #from: Mark
  #hasSent = false
  #hasLeft = false

  constructor(console: Conversation, login: Login, see: See) {
    this.patterns = [
      login.loginPrompt ?? loginPrompt,
      login.passwordPrompt ?? passwordPrompt,
      login.prompt ?? shellPrompt,
    ]
    this.#console = console
    this.#login = login
    this.#see = see
    this.#from = console.mark()
  }

  /** True if the board has asked something that is no known question, and waits: typed text could be a wrong password. */
  get isAsked(): boolean {
    const printed = this.#console.since(this.#from)
    return /\S *[:：?] ?$/.test(printed.slice(printed.lastIndexOf('\n') + 1))
  }

  /**
   * Answers the question for a user, and the one for a password.
   *
   * @returns true if the prompt of the shell has come
   * @throws HardwareError ARGUMENT_INVALID without a user, UNAUTHENTICATED if the login is refused, or asks something unknown
   */
  async answer(): Promise<boolean> {
    const { user, password } = this.#login
    if (this.#hasSent) this.#refuse('refuses the login')
    if (user === undefined) {
      throw new HardwareError(
        'ARGUMENT_INVALID',
        `${this.#console.name} asks for a login; give the shell a user and a password`,
      )
    }
    this.#from = this.#console.mark()
    await this.#console.sendLine(user)
    const [again, question, shell] = this.patterns
    const patterns = [question, again, shell]
    const early = await this.#see(patterns, questionMs)
    const asked = early ?? (this.isAsked ? undefined : await this.#see(patterns, stepMs))
    if (asked === undefined && this.isAsked) {
      this.#refuse(
        'asks an unknown question in the login',
        '; if it asks for the password, give the shell a passwordPrompt',
      )
    }
    if (asked?.index === 1) this.#refuse('refuses the login')
    if (asked?.index !== 0) return asked !== undefined
    this.#hasSent = true
    await this.#console.secret(password ?? '')
    const answer = await this.#see([again, question, shell], stepMs)
    if (answer !== undefined && answer.index < 2) this.#refuse('refuses the login')
    return answer !== undefined
  }

  /**
   * Leaves the login of another user, which asks for a password: an empty one leads back to the beginning.
   *
   * @throws HardwareError UNAUTHENTICATED if it asks for a password again
   */
  async leave(): Promise<void> {
    if (this.#hasSent) this.#refuse('refuses the login')
    if (this.#hasLeft) this.#refuse('asks for a password, and not for a user, before the login')
    this.#hasLeft = true
    await this.#console.send('\r')
  }

  #refuse(what: string, remedy = ''): never {
    const { name } = this.#console
    const shortMessage = `${name} ${what} of ${this.#login.user ?? 'another user'}${remedy}.`
    const lines = lastLines(this.#console.masked(this.#console.since(this.#from)))
    throw new HardwareError('UNAUTHENTICATED', `${shortMessage} Last lines:\n${lines}`, {
      origin: 'test',
      details: { console: name },
      shortMessage,
    })
  }
}
