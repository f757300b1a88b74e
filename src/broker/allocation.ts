/** The suitable candidates of each role. */
export type Candidates<Role, Candidate> = ReadonlyMap<Role, readonly Candidate[]>

/**
 * Gives each role a different candidate, and as many roles as possible a candidate (a maximum matching, by augmenting paths).
 * An earlier role does not lose its candidate to a later one.
 */
export function allocate<Role, Candidate>(candidates: Candidates<Role, Candidate>): Map<Role, Candidate> {
  const owner = new Map<Candidate, Role>()
  const place = (role: Role, tried: Set<Candidate>): boolean => {
    for (const candidate of candidates.get(role) ?? []) {
      if (tried.has(candidate)) continue
      tried.add(candidate)
      const other = owner.get(candidate)
      if (other === undefined || place(other, tried)) {
        owner.set(candidate, role)
        return true
      }
    }
    return false
  }
  for (const role of candidates.keys()) place(role, new Set())
  return new Map([...owner].map(([candidate, role]) => [role, candidate]))
}
