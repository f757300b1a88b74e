import { parseModule, type SyntaxNode } from './parse-module.ts'

/** The need of a role, as the source of a test file declares it. Values that only a run can compute are `undefined`. */
export interface StaticNeed {
  readonly role: string | undefined
  readonly selector: string | undefined
}

const packageName = 'vitest-hardware'
/** The functions that declare needs. */
const exportNames = ['needs', 'onTargetTests'] as const
type ExportName = (typeof exportNames)[number]

/** A need about which nothing else is known. */
const unknownNeed: StaticNeed = { role: undefined, selector: undefined }

/** The nodes whose children are always evaluated. In other nodes, a call of `needs()` may never happen. */
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
/** The nodes that do not change the value of their expression. */
const wrappers = ['ParenthesizedExpression', 'TSAsExpression', 'TSSatisfiesExpression', 'TSNonNullExpression']
const functions = ['ArrowFunctionExpression', 'FunctionExpression']

/**
 * Reads the needs that a module declares with `needs()` or `onTargetTests()`, without running it. A module that imports one of them,
 * but has no call with readable roles, has one unknown need. The leases of `onTargetTests()` end before all others of the file begin,
 * so that only one declaration counts.
 *
 * @param code the source
 * @param file the path; its ending gives the language
 * @returns the needs, in the order of the source; none for a module without hardware
 */
export async function readNeeds(code: string, file: string): Promise<readonly StaticNeed[]> {
  // Saves parsing most modules of most projects.
  if (!code.includes(packageName)) return []
  const program = await parseModule(code, file)
  if (program === undefined) return [unknownNeed]
  const names = importedNames(program)
  const found = [...findCalls(program, names)]
  const together = found.filter(({ name }) => name === 'needs')
  const calls = together.length > 0 ? together : found.slice(0, 1)
  const needs = calls.flatMap(({ call, certain }) => (certain ? rolesOf(call) : [unknownNeed]))
  return needs.length === 0 && names.imported ? [unknownNeed] : needs
}

interface Names {
  /** The functions, by their local names. */
  readonly functions: ReadonlyMap<string, ExportName>
  /** The names of objects that have the functions as properties. */
  readonly namespaces: ReadonlySet<string>
  /** True if the module imports one of the functions, or exports it to other modules. */
  readonly imported: boolean
}

function importedNames(program: SyntaxNode): Names {
  const functions = new Map<string, ExportName>()
  const namespaces = new Set<string>()
  let passedOn = false
  for (const statement of nodesIn(program['body'])) {
    if (textOf(statement['source']) !== packageName || isType(statement)) continue
    if (statement.type === 'ExportAllDeclaration') passedOn = true
    for (const specifier of nodesIn(statement['specifiers'])) {
      if (isType(specifier)) continue
      const local = nameOf(specifier['local'])
      if (specifier.type === 'ExportSpecifier') passedOn ||= exportNameOf(local) !== undefined
      else if (specifier.type === 'ImportNamespaceSpecifier' && local !== undefined) namespaces.add(local)
      else {
        const name = exportNameOf(nameOf(specifier['imported']))
        if (name !== undefined && local !== undefined) functions.set(local, name)
      }
    }
  }
  return { functions, namespaces, imported: passedOn || functions.size > 0 }
}

/** A call of one of the functions. It is certain if each evaluation of the module reaches it. */
interface FoundCall {
  readonly name: ExportName
  readonly call: SyntaxNode
  readonly certain: boolean
}

/** Finds all calls of the functions, in the order of the source. */
function* findCalls(program: SyntaxNode, names: Names): Generator<FoundCall> {
  // Generated source can be nested too deeply for recursion.
  const stack = [{ node: program, certain: true }]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { node, certain: reached } = next
    const name = node.type === 'CallExpression' ? calledName(node['callee'], names) : undefined
    if (name !== undefined) yield { name, call: node, certain: reached }
    const certain = reached && alwaysEvaluated.has(node.type)
    const children = Object.values(node).flatMap(nodesIn)
    const called = node.type === 'CallExpression' ? nodesIn(node['arguments']) : []
    for (const child of children.toReversed()) {
      // A function that is an argument of a call, as of describe(), counts as called.
      const body = called.includes(child) && functions.includes(child.type) ? nodesIn(child['body'])[0] : undefined
      stack.push({ node: body ?? child, certain })
    }
  }
}

function calledName(callee: unknown, names: Names): ExportName | undefined {
  const [node] = nodesIn(callee)
  if (node === undefined) return undefined
  if (node.type === 'Identifier') return names.functions.get(nameOf(node) ?? '')
  if (node.type !== 'MemberExpression' || !names.namespaces.has(nameOf(node['object']) ?? '')) return undefined
  return exportNameOf(node['computed'] === true ? textOf(node['property']) : nameOf(node['property']))
}

function exportNameOf(name: string | undefined): ExportName | undefined {
  return exportNames.find((known) => known === name)
}

/** Reads the roles of a call. */
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

/** Reads the properties of an object that nothing after them can replace. The result is complete if there are no others. */
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

/** Reads the text of a literal, or of a template without expressions. */
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

/** Reads the name of an identifier, or of a literal in its place. */
function nameOf(value: unknown): string | undefined {
  const [node] = nodesIn(value)
  return node?.type === 'Identifier' ? (node['name'] as string) : textOf(node)
}

function isType(node: SyntaxNode): boolean {
  return node['importKind'] === 'type' || node['exportKind'] === 'type'
}

/** Lists the nodes in a property of a node: one, several, or none. */
function nodesIn(value: unknown): readonly SyntaxNode[] {
  return (Array.isArray(value) ? value : [value]).filter(isNode)
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}
