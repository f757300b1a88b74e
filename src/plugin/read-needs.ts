import { parseModule, type SyntaxNode } from './parse-module.ts'

/** What a role needs, as far as the source says it; what only running it can tell is `undefined`. */
export interface StaticNeed {
  readonly role: string | undefined
  readonly selector: string | undefined
}

const packageName = 'vitest-hardware'
const exportName = 'needs'

/** A need of which nothing is known but that it is one. */
const unknownNeed: StaticNeed = { role: undefined, selector: undefined }

/** What is always evaluated when what it is in is; in everything else a call of `needs()` may never happen. */
const alwaysEvaluated = new Set([
  'Program',
  'ExportNamedDeclaration',
  'ExportDefaultDeclaration',
  'VariableDeclaration',
  'VariableDeclarator',
  'ExpressionStatement',
  'BlockStatement',
  'AssignmentExpression',
  'AwaitExpression',
  'CallExpression',
  'MemberExpression',
  'ArrayExpression',
  'ObjectExpression',
  'Property',
  'ParenthesizedExpression',
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
])
/** What leaves a value as it is. */
const wrappers = ['ParenthesizedExpression', 'TSAsExpression', 'TSSatisfiesExpression', 'TSNonNullExpression']
const functions = ['ArrowFunctionExpression', 'FunctionExpression']

/**
 * Reads what a module declares with `needs()`, without running it. A module that imports `needs`, but in which no call is
 * found whose roles can be read, has one need of which nothing is known.
 *
 * @param code its source
 * @param file its path, whose ending says in which language it is
 * @returns its needs, in the order of the source; none for a module that has nothing to do with hardware
 */
export async function readNeeds(code: string, file: string): Promise<readonly StaticNeed[]> {
  // Most modules of most projects are not parsed at all.
  if (!code.includes(packageName)) return []
  const program = await parseModule(code, file)
  if (program === undefined) return [unknownNeed]
  const names = importedNames(program)
  const calls = [...findCalls(program, names)]
  const needs = calls.flatMap(({ call, certain }) => (certain ? rolesOf(call) : [unknownNeed]))
  return needs.length === 0 && names.imported ? [unknownNeed] : needs
}

interface Names {
  /** What `needs` is called here. */
  readonly functions: ReadonlySet<string>
  /** What has it as a property. */
  readonly namespaces: ReadonlySet<string>
  /** Whether it is imported, or passed on to modules that import this one. */
  readonly imported: boolean
}

function importedNames(program: SyntaxNode): Names {
  const functions = new Set<string>()
  const namespaces = new Set<string>()
  let passedOn = false
  for (const statement of nodesIn(program['body'])) {
    if (textOf(statement['source']) !== packageName || isType(statement)) continue
    if (statement.type === 'ExportAllDeclaration') passedOn = true
    for (const specifier of nodesIn(statement['specifiers'])) {
      if (isType(specifier)) continue
      const local = nameOf(specifier['local'])
      if (specifier.type === 'ExportSpecifier') passedOn ||= local === exportName
      else if (specifier.type === 'ImportNamespaceSpecifier' && local !== undefined) namespaces.add(local)
      else if (nameOf(specifier['imported']) === exportName && local !== undefined) functions.add(local)
    }
  }
  return { functions, namespaces, imported: passedOn || functions.size > 0 }
}

/** Finds all calls of `needs()`, in the order of the source, and whether they happen whenever the module is evaluated. */
function* findCalls(program: SyntaxNode, names: Names): Generator<{ call: SyntaxNode; certain: boolean }> {
  // Not by recursion: source that a program wrote can be nested deeper than the stack is.
  const stack = [{ node: program, certain: true }]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { node, certain: reached } = next
    if (node.type === 'CallExpression' && isNeeds(node['callee'], names)) yield { call: node, certain: reached }
    const certain = reached && alwaysEvaluated.has(node.type)
    const children = Object.values(node).flatMap(nodesIn)
    const called = node.type === 'CallExpression' ? nodesIn(node['arguments']) : []
    for (const child of children.toReversed()) {
      // What is given to a call, as to describe(), is taken to be called.
      const body = called.includes(child) && functions.includes(child.type) ? nodesIn(child['body'])[0] : undefined
      stack.push({ node: body ?? child, certain })
    }
  }
}

function isNeeds(callee: unknown, names: Names): boolean {
  const [node] = nodesIn(callee)
  if (node === undefined) return false
  if (node.type === 'Identifier') return names.functions.has(nameOf(node) ?? '')
  if (node.type !== 'MemberExpression') return false
  const property = node['computed'] === true ? textOf(node['property']) : nameOf(node['property'])
  return property === exportName && names.namespaces.has(nameOf(node['object']) ?? '')
}

/** The roles of a call of `needs()`. */
function rolesOf(call: SyntaxNode): readonly StaticNeed[] {
  const declared = unwrap(nodesIn(call['arguments'])[0])
  if (declared?.type !== 'ObjectExpression') return [unknownNeed]
  const { known, complete } = propertiesOf(declared)
  const roles = [...known].map(([role, need]) => ({ role, selector: selectorOf(need) }))
  return complete ? roles : [...roles, unknownNeed]
}

function selectorOf(need: unknown): string | undefined {
  const node = unwrap(need)
  if (node?.type !== 'ObjectExpression') return undefined
  const { known, complete } = propertiesOf(node)
  if (known.has('selector')) return textOf(known.get('selector'))
  return complete ? '' : undefined
}

/** The properties of an object that nothing after them can replace, and whether those are all that it has. */
function propertiesOf(object: SyntaxNode): { known: Map<string, unknown>; complete: boolean } {
  const known = new Map<string, unknown>()
  let complete = true
  for (const property of nodesIn(object['properties'])) {
    const key = property['computed'] === true ? textOf(property['key']) : nameOf(property['key'])
    if (property.type === 'Property' && key !== undefined) {
      known.set(key, property['value'])
    } else {
      known.clear()
      complete = false
    }
  }
  return { known, complete }
}

/** The text of a literal or of a template without expressions. */
function textOf(value: unknown): string | undefined {
  const node = unwrap(value)
  if (node?.type === 'Literal' && typeof node['value'] === 'string') return node['value']
  const [text, ...others] = node?.type === 'TemplateLiteral' ? nodesIn(node['quasis']) : []
  const cooked = (text?.['value'] as { readonly cooked?: unknown } | undefined)?.cooked
  return others.length === 0 && typeof cooked === 'string' ? cooked : undefined
}

function unwrap(value: unknown): SyntaxNode | undefined {
  let [node] = nodesIn(value)
  while (node !== undefined && wrappers.includes(node.type)) [node] = nodesIn(node['expression'])
  return node
}

/** An identifier's name, or the text of a literal that stands for one. */
function nameOf(value: unknown): string | undefined {
  const [node] = nodesIn(value)
  return node?.type === 'Identifier' ? (node['name'] as string) : textOf(node)
}

function isType(node: SyntaxNode): boolean {
  return node['importKind'] === 'type' || node['exportKind'] === 'type'
}

/** The nodes that a property of a node holds: one, a list, or none. */
function nodesIn(value: unknown): readonly SyntaxNode[] {
  return (Array.isArray(value) ? value : [value]).filter(isNode)
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}
