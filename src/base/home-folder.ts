import { homedir } from 'node:os'

/** The user's home; `undefined` for a user without one, as in a container whose list of users lacks the user. */
export function homeFolder(): string | undefined {
  try {
    return homedir()
  } catch {
    return undefined
  }
}
